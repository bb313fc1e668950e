#!/usr/bin/env bash
# Measures everything on this machine and fills docs/benchmarks.md and its picture: `all.sh ENVIRONMENTS RESULTS [OPTION...]`,
# options for every experiment, such as `--rounds 1`.
# Environments that do not exist are made first. Then below 45 minutes: each experiment keeps within its own budget.
# Needs wrk, and a machine on which nothing else runs.
set -euo pipefail
environments=${1:?"say where the environments are, or go"}
results=${2:?"say where the JSON goes"}
shift 2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$environments" "$results"
environments=$(cd "$environments" && pwd)
results=$(cd "$results" && pwd)
cd "$here/../.."
python=$environments/harness/bin/python

"$here/environments.sh" "$environments"
begun=$SECONDS
for experiment in start echo iris overload minilm; do
  echo "[$((SECONDS - begun)) s of at most 2700] $experiment" >&2
  "$python" -m benchmarks.serving "$experiment" --environments "$environments" --results "$results" --budget 510 "$@"
done
"$python" -m benchmarks.serving.report "$results"
"$python" -m benchmarks.serving.plot "$results"
echo "all done in $((SECONDS - begun)) s; see docs/benchmarks.md" >&2
