"""The command line that `compare` and `windows` share: measures, keeps the samples as JSON, prints the table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.serving.bench import Bench
from benchmarks.serving.samples import Results, Sample, machine, table


def run(
    name: str,
    about: str | None,
    measure: Callable[[Bench], Iterator[Sample]],
    head: Sequence[str],
    rows: Callable[[Sequence[Sample]], Iterable[Iterable[str]]],
) -> None:
    """`name` is that of the file of samples; `rows` makes the table's of them, below `head`."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--budget", type=float, default=540.0, help="seconds within which the last round has to end")
    parser.add_argument("--only", default="", help="servers whose name begins so")
    chosen = parser.parse_args()
    results = Results(name, machine=machine())
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(
            environments=chosen.environments.resolve(),
            results=chosen.results,
            work=Path(work),
            max_rounds=chosen.rounds,
            seconds=chosen.seconds,
            budget_s=chosen.budget,
            only=chosen.only,
        )
        for sample in measure(bench):
            results.samples.append(sample)
            results.took_s = bench.took_s
            results.save(chosen.results)
    print(table(head, rows(results.samples)))
    print(f"{results.machine}; {results.took_s:.0f} s", file=sys.stderr)
