"""What is compared. Each module has `measure(bench)`, which yields samples, and `tables(samples)`, which makes Markdown
of them: the names of its tables are those of the markers in docs/benchmarks.md.

    iris        the iris classifier in a closed loop, and its memory
    echo        JSON in and out without a model, and the share of the bare HTTP stack
    start       from the command to the first answer
    overload    the linear-sleep model in an open loop, at half, nine tenths and twice of what it can do
    minilm      the MiniLM encoder for 80 clients, over windows, beside what it does without a server
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.serving.bench import Bench
from benchmarks.serving.experiments import echo, iris, minilm, overload, start
from benchmarks.serving.samples import Sample


@dataclass(frozen=True, slots=True)
class Experiment:
    """How it is measured, and how often and how long where nobody says otherwise."""

    measure: Callable[[Bench], Iterator[Sample]]
    tables: Callable[[Sequence[Sample]], Mapping[str, str]]
    rounds: int
    seconds: float


EXPERIMENTS: Mapping[str, Experiment] = {
    "iris": Experiment(iris.measure, iris.tables, rounds=5, seconds=3),
    "echo": Experiment(echo.measure, echo.tables, rounds=5, seconds=3),
    "start": Experiment(start.measure, start.tables, rounds=9, seconds=0),
    "overload": Experiment(overload.measure, overload.tables, rounds=5, seconds=4),
    "minilm": Experiment(minilm.measure, minilm.tables, rounds=3, seconds=6),
}
