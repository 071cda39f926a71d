#!/usr/bin/env bash
# The main job through the CLI, job by job: main_job.sh [DIR]. Needs a running
# server ($MODBOUND_SERVER, else 127.0.0.1:50061) and modbound in the PATH or in
# $MODBOUND_BIN. Arrays and summaries go to DIR (default results/shell), as
# main_job_table.py reads them.
set -euo pipefail

out=${1:-results/shell}
PATH="${MODBOUND_BIN:-$(dirname "$0")/../../build/bin}:$PATH"

# start KIND SPEC [further arguments]: submits a job and prints its id. The
# server keeps the order: a job waits for those whose outputs it takes.
start() {
  local kind=$1 spec=$2
  shift 2
  modbound submit "$kind" --spec - --json "$@" <<<"$spec" | tail -n 1 |
    /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])'
}

train=$(start train '{"task": {"name": "PERCEPTUAL_DECISION_MAKING"},
  "model": {"hidden_size": 100}, "target_accuracy": 0.95, "seed": 1}')
simulate=$(start simulate '{"trials": 100, "seed": 2}' --from "network=$train")
partition=$(start partition '{"runs": 100, "consensus": "EXPECTED", "seed": 3}' \
  --from "activity=$simulate")
jacobian=$(start jacobian_similarity '{"mode": "TRAJECTORY",
  "jacobian_trials": 3, "null_count": 1000, "seed": 4}' \
  --from "network=$train" --from "activity=$simulate")
selectivity=$(start selectivity '{}' \
  --from "activity=$simulate" --from "labels=$partition" \
  --from "outputs=$simulate" --from "variables=$simulate")
output_lesion=$(start output_lesion '{"trials": 200, "repeats": 20, "seed": 5}' \
  --from "network=$train" --from "labels=$partition")
lesion_similarity=$(start lesion_similarity '{"grid": 25, "null_count": 1000,
  "seed": 6}' --from "network=$train" --from "activity=$simulate")
reduce=$(start reduce '{}' --from "activity=$simulate" --from "labels=$partition")

fetch() {
  modbound watch "$2" >/dev/null
  modbound result "$2" --out "$out/$1"
}
fetch train "$train"
fetch simulate "$simulate"
fetch partition "$partition"
fetch jacobian_similarity "$jacobian"
fetch selectivity "$selectivity"
fetch output_lesion "$output_lesion"
fetch lesion_similarity "$lesion_similarity"
fetch reduce "$reduce"
echo "arrays and summaries: $out"
