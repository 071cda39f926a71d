#!/usr/bin/env bash
# Builds modbound. Usage: deploy/build.sh [PRESET] [TARGET...]
#   PRESET  release (default; into build/), debug, asan, tsan, clang (each into
#           build-PRESET/): the files of deploy/cmake/presets
#   TARGET  Ninja targets; default: everything
# Programs end in <folder>/bin. MODBOUND_JOBS sets the parallel compilers.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=${1:-release}
shift || true
preset_file="$source_dir/deploy/cmake/presets/$preset.cmake"
if [[ ! -f $preset_file ]]; then
  echo "build.sh: no preset \"$preset\"; allowed: release, debug, asan, tsan," \
    "clang" >&2
  exit 2
fi
folder="$source_dir/build"
if [[ $preset != release ]]; then
  folder="$source_dir/build-$preset"
fi

# Ninja runs CMake again by itself when a CMake file has changed.
if [[ ! -f $folder/build.ninja ]]; then
  echo "Configuring $preset in $folder"
  cmake -C "$preset_file" -S "$source_dir" -B "$folder" -G Ninja
fi

# A compiler on gRPC and Eigen takes up to 1 GiB: no more of them than fit.
memory_kib=$(awk '/MemAvailable/ {print $2}' /proc/meminfo)
fit=$((memory_kib / 1048576))
cores=$(nproc)
jobs=${MODBOUND_JOBS:-$((fit < 1 ? 1 : fit < cores ? fit : cores))}

targets=()
if (($# > 0)); then
  targets=(--target "$@")
fi
echo "Building ${*:-everything} ($preset, $jobs at a time)"
cmake --build "$folder" --parallel "$jobs" "${targets[@]}"
