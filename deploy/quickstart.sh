#!/usr/bin/env bash
# From a fresh Debian 12 to the main result: installs packages, builds the three
# programs into build/bin, starts a server on loopback, runs the main job and
# prints what it found. Usage: deploy/quickstart.sh [--out DIR] [--keep-server]
#   --out DIR      where arrays and summaries go; default: results/quickstart
#   --keep-server  leave the server running and say how to reach and stop it
# Safe to run again. Run it as yourself: it calls sudo for packages only.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/system_tools.sh
source "$source_dir/deploy/system_tools.sh"
out="$source_dir/results/quickstart"
keep_server=false
while (($# > 0)); do
  case "$1" in
    --out)
      if [[ -z ${2:-} || $2 == -* ]]; then
        echo "quickstart.sh: --out needs a folder" >&2
        exit 2
      fi
      out=$2
      shift
      ;;
    --keep-server) keep_server=true ;;
    -h | --help)
      sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *)
      echo "quickstart.sh: unknown argument \"$1\"; allowed: --out DIR," \
        "--keep-server" >&2
      exit 2
      ;;
  esac
  shift
done

server_pid=
server_dir=
# SIGTERM lets the server end its calls and close its store. A server that does
# not end with 0 is told of, and makes the script fail where nothing else did.
stop_server() {
  local script_code=$?
  local code=0
  if [[ -n $server_pid ]]; then
    if kill -TERM "$server_pid" 2>/dev/null; then
      echo "Stopping the server"
    fi
    wait "$server_pid" || code=$?
  fi
  server_pid=
  if ((code != 0)); then
    echo "quickstart.sh: the server ended with exit code $code; its log:" >&2
    cat "$server_dir/log" >&2
    script_code=$((script_code == 0 ? 1 : script_code))
  fi
  if [[ -n $server_dir ]]; then
    rm -rf "$server_dir"
  fi
  exit "$script_code"
}
trap stop_server EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Port 0 lets the system choose; the server says which it took.
start_server() {
  server_dir=$(mktemp -d)
  # The loop below may look before the server's own opening of it.
  : >"$server_dir/log"
  # In a session of its own: Ctrl-C here reaches the jobs first, then stop_server
  # ends the server.
  setsid "$source_dir/build/bin/modboundd" --data_dir="$server_dir/data" \
    --listen=127.0.0.1:0 >>"$server_dir/log" 2>&1 &
  server_pid=$!
  local waited
  for ((waited = 0; waited < 300; ++waited)); do
    address=$(sed -n '/listening on /{s/.*listening on \([^ ]*\).*/\1/p;q}' \
      "$server_dir/log" || true)
    if [[ -n $address ]]; then
      return
    fi
    if ! kill -0 "$server_pid" 2>/dev/null; then
      break
    fi
    sleep 0.1
  done
  echo "quickstart.sh: the server did not start; its log:" >&2
  cat "$server_dir/log" >&2
  exit 1
}

echo "1/4 Packages"
"$source_dir/deploy/packages.sh" build
echo "2/4 Build"
"$source_dir/deploy/build.sh" release modboundd modbound modbound-worker
echo "3/4 Server"
start_server
export MODBOUND_SERVER=$address
echo "    $address, data in $server_dir/data"
echo "4/4 Main job: train, simulate, find modules, Jacobian, lesions"
jobs_started=$SECONDS
"$source_dir/build/bin/modbound" run-graph \
  "$source_dir/client/examples/main_job.json" --out "$out"
echo "    $((SECONDS - jobs_started)) s"
echo
/usr/bin/python3 "$source_dir/client/examples/main_job_table.py" "$out"
echo
echo "Arrays (.npy) and summaries of every job: $out"
if $keep_server; then
  trap - EXIT
  echo "Server: $address, process $server_pid, data and log in $server_dir;" \
    "stop it with: kill $server_pid"
fi
