"""`python -m benchmarks.serving EXPERIMENT --environments DIR --results DIR`, from the root of the checkout.

Measures, saves `<experiment>.json` in the results' folder, and prints its tables in Markdown. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from benchmarks.serving.bench import Bench
from benchmarks.serving.experiments import EXPERIMENTS
from benchmarks.serving.samples import Results, machine


def main() -> None:
    """Runs one experiment."""
    arguments = _arguments()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed")
    experiment = EXPERIMENTS[arguments.experiment]
    results = Results(arguments.experiment, machine=machine())
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(
            environments=arguments.environments.resolve(),
            results=arguments.results,
            work=Path(work),
            max_rounds=arguments.rounds or experiment.rounds,
            seconds=arguments.seconds or experiment.seconds,
            budget_s=arguments.budget,
            only=arguments.only,
        )
        for sample in experiment.measure(bench):
            results.samples.append(sample)
            results.took_s = bench.took_s
            results.save(arguments.results)  # each time, so that what was measured outlives an interruption
    for text in experiment.tables(results.samples).values():
        print(f"{text}\n")
    bench.say(f"{arguments.experiment} done in {bench.took_s:.0f} s")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("experiment", choices=list(EXPERIMENTS))
    parser.add_argument("--environments", type=Path, required=True, help="what environments.sh made")
    parser.add_argument("--results", type=Path, required=True, help="where the JSON goes")
    parser.add_argument("--rounds", type=int, help="at most so many")
    parser.add_argument("--seconds", type=float, help="of each measurement")
    parser.add_argument("--budget", type=float, default=540, help="seconds within which the last round has to end")
    parser.add_argument("--only", default="", help="servers whose name begins so, such as ekiben")
    return parser.parse_args()


if __name__ == "__main__":
    main()
