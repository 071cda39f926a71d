#!/usr/bin/env bash
# Builds modbound and runs every test. Usage: deploy/test.sh [OPTION]
#   (default)  packages, Release build, format, clang-tidy on what changed,
#              every test: what CI runs
#   --full     before the tests also: every header by itself,
#              AddressSanitizer + UndefinedBehaviorSanitizer build and tests,
#              ThreadSanitizer build and tests (what links no gRPC), clang-tidy
#              on everything, clang build, debug build; then the tests of the
#              release build with more seeds, kinds and kills
#   --faults   after the tests: the table of what the fault tests measured
#   --faults=long
#              the same, in their long form (hours; the soak alone 45 minutes),
#              with --full also in the sanitizers' builds
# The summary of the tests is the end of the output, but for that table. Safe to
# run again. Run it as yourself: it calls sudo for packages only.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$source_dir"
# shellcheck source=deploy/system_tools.sh
source deploy/system_tools.sh
full=false
faults=
for argument in "$@"; do
  case "$argument" in
    --full) full=true ;;
    --faults) faults=short ;;
    --faults=short | --faults=long) faults=${argument#--faults=} ;;
    -h | --help)
      sed -n '2,16s/^# \{0,1\}//p' deploy/test.sh
      exit 0
      ;;
    *)
      echo "test.sh: unknown argument \"$argument\"; allowed: --full," \
        "--faults, --faults=short, --faults=long" >&2
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
  find core server client tests deploy/cmake \( "${pattern[@]:1}" \) -type f | sort
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

# Options of a compiler that reads sources of ours outside CMake.
read_flags() {
  local isa
  isa=$(sed -n 's/^MODBOUND_ISA:[A-Z]*=//p' build/CMakeCache.txt)
  printf '%s\n' -std=c++20 "-march=$isa" -I. -Itests -isystem build/gen \
    -isystem /usr/include/eigen3 -isystem /usr/include/hdf5/serial -DEIGEN_MAX_ALIGN_BYTES=64 \
    -DEIGEN_MPL2_ONLY '-DMODBOUND_GOLDEN_DIR=""' '-DMODBOUND_SOURCE_DIR=""' \
    '-DMODBOUND_WORKER=""'
}

# Nearly all of clang-tidy's time goes to headers, which the sources of a folder
# share: it reads those of one folder as one. What it finds is named by the
# source and line that it came from.
tidy_folder() {
  local folder=$1
  shift
  local name=${folder//\//_}
  local joined=build/tidy/$name.cc
  local flags=()
  mapfile -t flags < <(read_flags)
  cat "$@" >"$joined"
  local checks=()
  # The macros of GoogleTest cost the analyser minutes; copies, growing lists and
  # products of small numbers are no matter in a test. Some headers of tests
  # define calls of the system anew, for the one program that includes them;
  # fixtures are destroyed by GoogleTest alone.
  if [[ $folder == tests/* ]]; then
    checks=("--checks=-clang-analyzer-*,-performance-unnecessary-value-param,\
-performance-inefficient-*,-bugprone-implicit-widening-of-multiplication-result,\
-misc-definitions-in-headers,-cppcoreguidelines-virtual-class-destructor")
  fi
  clang-tidy --quiet "${checks[@]}" "$joined" -- "${flags[@]}" "-I$folder" \
    >"build/tidy/$name.txt" 2>&1 && return 0
  wc -l "$@" | awk -v joined="$joined" '
    FNR == NR { if ($2 != "total") { starts[n] = first; paths[n++] = $2 }
                first += $1; next }
    match($0, joined ":[0-9]+:") {
      line = substr($0, RSTART + length(joined) + 1, RLENGTH)
      sub(/:.*/, "", line)
      line += 0
      for (i = n - 1; starts[i] >= line; --i) {}
      printf "%s:%d%s\n", paths[i], line - starts[i],
             substr($0, RSTART + RLENGTH - 1)
      next
    }
    { print }' - "build/tidy/$name.txt" >&2
  return 1
}

# clang-tidy on the given sources; a program (main) is a folder of its own.
tidy() {
  mkdir -p build/tidy
  local -A folders=()
  local file
  for file in "$@"; do
    if grep -q '^int main(' "$file"; then
      folders[$file]=$file
    else
      folders[${file%/*}]+=" $file"
    fi
  done
  export -f tidy_folder read_flags
  # shellcheck disable=SC2016
  for folder in "${!folders[@]}"; do
    echo "$folder ${folders[$folder]}"
  done | sort | xargs -P "$(nproc)" -L 1 bash -c 'tidy_folder "$@"' tidy
}

tidy_changed() {
  local files=()
  mapfile -t files < <(changed_sources)
  step "clang-tidy on ${#files[@]} changed sources"
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
  local flags=()
  mapfile -t flags < <(read_flags)
  flags+=(-fsyntax-only -x c++ -Wall -Wextra)
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
  mkdir -p "$folder"
  if [[ -n $faults ]]; then
    # Their limits of time are those of the form.
    cmake -DMODBOUND_FAULTS="$faults" "$folder" >"$folder/faults_configure.log"
  fi
  ctest --test-dir "$folder" --output-on-failure --parallel "$(nproc)" |
    tee "$folder/tests.log"
}

# What a run of ctest says of its tests, for the table.
tests_told() {
  local folder=$1
  local all skipped
  all=$(sed -n 's/^100% tests passed, 0 tests failed out of //p' \
    "$folder/tests.log")
  skipped=$(grep -c '(Skipped)$' "$folder/tests.log" || true)
  printf '%s: %s tests passed, %s skipped' "$folder" \
    "$((all - skipped))" "$skipped"
}

# The checks of --full go on after one that failed, so that a run of hours tells
# all it found; the names of those that failed end the output.
failed_checks=()
check() { "$@" || failed_checks+=("$*"); }

build_and_test() {
  local preset=$1
  step "Build of $preset"
  # Bars in seconds are those of the release build; these are slower.
  deploy/build.sh "$preset" &&
    MODBOUND_TIME_FACTOR=10 run_tests "build-$preset"
}

sanitizers_told=
full_checks() {
  check check_headers
  local -x UBSAN_OPTIONS=print_stacktrace=1
  local -x LSAN_OPTIONS="suppressions=$source_dir/deploy/cmake/presets/lsan.supp"
  local -x TSAN_OPTIONS="halt_on_error=1 suppressions=$source_dir/deploy/cmake/presets/tsan.supp"
  local failed=${#failed_checks[@]}
  check build_and_test asan
  check build_and_test tsan
  if ((${#failed_checks[@]} == failed)); then
    sanitizers_told="$(tests_told build-asan); $(tests_told build-tsan)"
  fi
  check tidy_all
  local preset
  for preset in clang debug; do
    step "Build of $preset"
    check deploy/build.sh "$preset"
  done
}

step "Packages"
deploy/packages.sh build test lint
step "Release build"
deploy/build.sh release
check_format
if [[ -n $faults ]]; then
  export MODBOUND_FAULTS=$faults
fi
if $full; then
  full_checks
  # 9 of 10 seeds reach their target; every kind that can run long is cancelled.
  export MODBOUND_SEEDS=10 MODBOUND_ALL_KINDS=1 MODBOUND_CHECKPOINT_KILLS=12
else
  tidy_changed
fi
if [[ -z $faults ]]; then
  check run_tests build
else
  # What counts is measured in the release build.
  export MODBOUND_FAULT_ROWS=$source_dir/build/fault_rows.tsv
  : >"$MODBOUND_FAULT_ROWS"
  if [[ -n $sanitizers_told ]]; then
    printf '41\t%s\n' "$sanitizers_told" >>"$MODBOUND_FAULT_ROWS"
  fi
  check run_tests build
  step "What the fault tests measured ($faults form)"
  table_flags=()
  if $full; then
    table_flags=(--full)
  fi
  check /usr/bin/python3 tests/faults/table.py "${table_flags[@]}" \
    "$MODBOUND_FAULT_ROWS"
fi
if ((${#failed_checks[@]} > 0)); then
  printf 'test.sh: failed: %s\n' "${failed_checks[@]}" >&2
  exit 1
fi
