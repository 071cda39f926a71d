#!/usr/bin/env bash
# Installs the Debian packages that are missing, and nothing when none is.
# Usage: deploy/packages.sh [build] [test] [lint] [bench]     (default: build)
#   build  what compiles and runs modbound and its tests
#   test   what only tests need: they make .mat and .h5 files with it
#   lint   clang, its sanitizers, clang-format and clang-tidy
#   bench  the peers of tests/bench: PyTorch and OpenBLAS for it and numpy, igraph,
#          networkx
# Needs root or sudo only when something is missing.
set -euo pipefail

build_packages=(
  build-essential cmake ninja-build ccache pkg-config mold git
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev
  libabsl-dev libeigen3-dev libboost-math-dev librandom123-dev
  libsqlite3-dev libssl-dev openssl zlib1g-dev libspdlog-dev libcli11-dev
  nlohmann-json3-dev prometheus-cpp-dev libgtest-dev libgmock-dev libbenchmark-dev
  libmatio-dev libhdf5-dev libaec-dev
  python3 python3-grpcio python3-protobuf python3-numpy)
test_packages=(python3-scipy python3-h5py)
bench_packages=(python3-torch libopenblas0-pthread python3-igraph python3-networkx)
lint_packages=(clang clang-format clang-tidy libclang-rt-14-dev)

wanted=()
for group in "${@:-build}"; do
  case "$group" in
    build) wanted+=("${build_packages[@]}") ;;
    test) wanted+=("${test_packages[@]}") ;;
    lint) wanted+=("${lint_packages[@]}") ;;
    bench) wanted+=("${bench_packages[@]}") ;;
    *)
      echo "packages.sh: unknown group \"$group\"; allowed: build, test, lint, bench" >&2
      exit 2
      ;;
  esac
done

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "packages.sh: this machine has no apt-get, so nothing is installed;" \
    "the build needs the counterparts of these Debian 12 packages:" \
    "${wanted[*]}" >&2
  exit 0
fi

missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  if [[ $state != *installed* || $state == *not-installed* ]]; then
    missing+=("$package")
  fi
done
if ((${#missing[@]} == 0)); then
  exit 0
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "packages.sh: missing packages, and neither root nor sudo to install" \
      "them. As root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
# A fresh machine installs updates of its own: wait for that to end.
wait_for_lock=(-o DPkg::Lock::Timeout=300)
install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get
  "${wait_for_lock[@]}" install --yes --quiet --no-install-recommends
  "${missing[@]}")
update=("${as_root[@]}" apt-get "${wait_for_lock[@]}" update --quiet)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Lists that are already there may do; when they are old or absent, update.
if ! "${install[@]}" >"$log" 2>&1; then
  if ! { "${update[@]}" && "${install[@]}"; } >"$log" 2>&1; then
    tail -n 30 "$log" >&2
    echo "packages.sh: apt-get could not install the packages (above)" >&2
    exit 1
  fi
fi
