#!/usr/bin/env bash
# How quickly the command line starts: `ekiben list` over 200 Bentos against an empty Typer program, in one run.
# Needs hyperfine, and an environment with ekiben: `benchmarks/cli/start_up.sh [PYTHON]`. Prints the ratio last.
set -euo pipefail
cd "$(dirname "$0")"
python=$(command -v "${1:-python3}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export EKIBEN_HOME="$work/home"

"$python" ../store/fill_store.py 200
cat >"$work/empty.py" <<'PY'
import typer

app = typer.Typer()


@app.command()
def first() -> None: ...


@app.command()
def second() -> None: ...


app()
PY
hyperfine --warmup 3 --runs 30 --export-json "$work/times.json" \
  "$python $work/empty.py first" "$(dirname "$python")/ekiben list"
"$python" - "$work/times.json" <<'PY'
import json
import sys

empty, listing = (result["median"] for result in json.load(open(sys.argv[1]))["results"])
print(f"empty {empty * 1000:.0f} ms, list {listing * 1000:.0f} ms, ratio {listing / empty:.2f}")
PY
