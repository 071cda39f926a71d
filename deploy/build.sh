#!/usr/bin/env bash
# Builds modbound. Usage: deploy/build.sh [PRESET] [TARGET...]
#   PRESET  release (default; into build/), debug, asan, tsan, clang (each into
#           build-PRESET/): the files of deploy/cmake/presets
#   TARGET  Ninja targets; default: everything
# Programs end in <folder>/bin. MODBOUND_JOBS sets the parallel compilers. Tools
# and libraries are the system's (deploy/system_tools.sh).
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/system_tools.sh
source "$source_dir/deploy/system_tools.sh"
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

# What another user built here (sudo deploy/quickstart.sh) would end this build
# somewhere in its middle.
places=("$source_dir/client/python/modbound")
if [[ -e $folder ]]; then
  places+=("$folder")
else
  places+=("$source_dir")
fi
locked=$(find "${places[@]}" ! -writable \( -type d -o ! -user "$(id -u)" \) \
  -print -quit 2>/dev/null || true)
if [[ -n $locked ]]; then
  echo "build.sh: $(id -un) may not write $locked; build as the user it" \
    "belongs to, or give it to this one (chown -R)" >&2
  exit 2
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

# Without these ccache leaves all that takes precompiled headers to the compiler.
# No source of ours asks for the time.
export CCACHE_SLOPPINESS="pch_defines,time_macros"

targets=()
if (($# > 0)); then
  targets=(--target "$@")
fi
echo "Building ${*:-everything} ($preset, $jobs at a time)"
cmake --build "$folder" --parallel "$jobs" "${targets[@]}"
