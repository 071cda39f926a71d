#!/usr/bin/env bash
# Builds modbound and runs every test. Usage: deploy/test.sh [--full]
#   (default)  packages, Release build, format, clang-tidy on what changed,
#              every test: what CI runs
#   --full     before the tests also: clang build, debug build and tests,
#              AddressSanitizer + UndefinedBehaviorSanitizer build and tests,
#              ThreadSanitizer build and tests (what links no gRPC),
#              clang-tidy on everything, every header by itself; then the tests
#              of the release build with more seeds, kinds and kills
# The summary of the tests is the end of the output. Safe to run again. Run it as
# yourself: it calls sudo for packages only.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$source_dir"
# shellcheck source=deploy/system_tools.sh
source deploy/system_tools.sh
full=false
for argument in "$@"; do
  case "$argument" in
    --full) full=true ;;
    -h | --help)
      sed -n '2,11s/^# \{0,1\}//p' deploy/test.sh
      exit 0
      ;;
    *)
      echo "test.sh: unknown argument \"$argument\"; allowed: --full" >&2
      exit 2
      ;;
  esac
done

started=$SECONDS
step() { echo "== $* ($((SECONDS - started)) s)"; }

# Sources of ours with the given extensions, one a line.
sources() {
  local pattern=()
  local extension
  for extension in "$@"; do
    pattern+=(-o -name "*.$extension")
  done
  find core server client tests \( "${pattern[@]:1}" \) -type f | sort
}

git_here() { git -c "safe.directory=*" "$@"; }

# Sources that differ from where this branch left the main one, or from the
# commit before, and those not yet committed.
changed_sources() {
  local base head
  head=$(git_here rev-parse HEAD 2>/dev/null) || return 0
  base=$(git_here merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == "$head" ]]; then
    base=$(git_here rev-parse --quiet --verify HEAD~1 || echo "$head")
  fi
  {
    git_here diff --name-only --diff-filter=d "$base" -- '*.cc'
    git_here ls-files --others --exclude-standard -- '*.cc'
  } | sort -u
}

check_format() {
  step "Format of every source"
  sources h cc | xargs clang-format --dry-run -Werror
}

# Each file costs up to a minute: a change of more is left to --full.
tidy_limit=${MODBOUND_TIDY_LIMIT:-8}

# clang cannot read the precompiled headers of gcc: it gets the commands without.
tidy() {
  mkdir -p build/tidy
  sed -E 's# -Winvalid-pch| -include [^ ]*/cmake_pch\.hxx##g' \
    build/compile_commands.json >build/tidy/compile_commands.json
  printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 \
    clang-tidy --quiet -p build/tidy --extra-arg=-Wno-unknown-warning-option
}

tidy_changed() {
  local files=()
  mapfile -t files < <(changed_sources)
  step "clang-tidy on ${#files[@]} changed sources"
  if ((${#files[@]} > tidy_limit)); then
    echo "Only the first $tidy_limit of them; deploy/test.sh --full takes all"
    files=("${files[@]:0:tidy_limit}")
  fi
  if ((${#files[@]} > 0)); then
    tidy "${files[@]}"
  fi
}

tidy_all() {
  local files=()
  mapfile -t files < <(sources cc)
  step "clang-tidy on all ${#files[@]} sources"
  tidy "${files[@]}"
}

check_headers() {
  step "Every header by itself"
  local flags=(-std=c++20 -fsyntax-only -x c++ -I. -Itests -isystem build/gen
    -isystem /usr/include/eigen3 -DEIGEN_MAX_ALIGN_BYTES=64 -Wall -Wextra
    "-DMODBOUND_GOLDEN_DIR=\"\"" "-DMODBOUND_SOURCE_DIR=\"\"")
  # -include reads the header as a source would: once, guarded.
  # shellcheck disable=SC2016
  sources h | xargs -P "$(nproc)" -I{} \
    sh -c 'header=$1; shift; g++ "$@" -include "$header" /dev/null ||
      { echo "$header does not compile by itself" >&2; exit 1; }' \
    sh {} "${flags[@]}"
}

run_tests() {
  local folder=$1
  step "Tests of $folder"
  ctest --test-dir "$folder" --output-on-failure --parallel "$(nproc)"
}

full_checks() {
  check_headers
  tidy_all
  step "clang build"
  deploy/build.sh clang
  # Bars in seconds are those of the release build; these are slower.
  local -x MODBOUND_TIME_FACTOR=10
  step "Debug build"
  deploy/build.sh debug
  run_tests build-debug
  step "AddressSanitizer and UndefinedBehaviorSanitizer build"
  deploy/build.sh asan
  LSAN_OPTIONS="suppressions=$source_dir/deploy/cmake/presets/lsan.supp" \
    UBSAN_OPTIONS=print_stacktrace=1 run_tests build-asan
  step "ThreadSanitizer build"
  deploy/build.sh tsan
  TSAN_OPTIONS=halt_on_error=1 run_tests build-tsan
}

step "Packages"
deploy/packages.sh build lint
step "Release build"
deploy/build.sh release
check_format
if $full; then
  full_checks
  # 9 of 10 seeds reach their target; every kind that can run long is cancelled.
  export MODBOUND_SEEDS=10 MODBOUND_ALL_KINDS=1 MODBOUND_CRASH_KILLS=30
else
  tidy_changed
fi
run_tests build
