"""The services that storm and soak ask: what they answer is known for every item, and each run is on record."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.serving.chaos.client import post

BATCH_ROWS = 16
POISON_EVERY = 200  # items; each of that number raises

# Durations in seconds, as the linear-sleep model has them: 0.2 ms a row beside 10 ms a batch.
LINEAR = f'''
import os, time
import ekiben

RUNS = os.open(os.environ["CHAOS_RUNS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT) if "CHAOS_RUNS" in os.environ else -1


def record(what, numbers):
    if RUNS >= 0:  # one write, so that lines of two processes do not mix, and nothing is lost to a kill
        os.write(RUNS, f"{{what}} {{os.getpid()}} {{' '.join(map(str, numbers))}}\\n".encode())


@ekiben.service(name="Linear")
class Linear:
    """Sleeps as long as a model with a fixed and a linear cost computes."""

    @ekiben.api(batchable=True, max_batch_size={BATCH_ROWS})
    def square(self, numbers: list[int]) -> list[int]:
        record("begun", numbers)
        time.sleep(0.010 + 0.0002 * len(numbers))
        if any(number % {POISON_EVERY} == 0 for number in numbers):
            raise ValueError("poison")
        record("done", numbers)
        return [number * number for number in numbers]
'''

IRIS = """
import ekiben
import numpy as np
from sklearn.datasets import load_iris
from sklearn.svm import SVC


@ekiben.service(name="Iris")
class Iris:
    def __init__(self) -> None:
        self.model = SVC().fit(*load_iris(return_X_y=True))

    @ekiben.api(batchable=True, max_batch_size=64)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict(rows)
"""


class Question:
    """Makes requests to one route, one for each value of `field`."""

    def __init__(self, route: str, field: str, values: Iterable[object]) -> None:
        self._messages = [post(route, {field: value}) for value in values]

    def draw(self, chance: random.Random) -> bytes:
        """One request as bytes."""
        return chance.choice(self._messages)


@dataclass(frozen=True, slots=True)
class Subject:
    """A service with what is asked of it, none of it poison."""

    source: str
    workers: int
    question: Callable[[], Question]


SUBJECTS = {
    "linear": Subject(LINEAR, 2, lambda: Question("/square", "numbers", ([one] for one in range(1, POISON_EVERY)))),
    "iris": Subject(
        IRIS, 1, lambda: Question("/predict", "rows", ([[5 + one / 50, 3.5, 1.4, 0.2]] for one in range(50)))
    ),
}


def is_poison(number: int) -> bool:
    """Whether `square` raises for it."""
    return number % POISON_EVERY == 0


@dataclass(frozen=True, slots=True)
class Runs:
    """What the processes of LINEAR wrote down: the batches that they began, and those that they finished."""

    begun: list[tuple[int, ...]]
    done: list[tuple[int, ...]]
    pids: list[int]

    def times_done(self) -> dict[int, int]:
        """How often each item was run to its end."""
        counts: dict[int, int] = {}
        for batch in self.done:
            for number in batch:
                counts[number] = counts.get(number, 0) + 1
        return counts

    def times_begun(self) -> dict[int, int]:
        """How often each item was in a batch without poison: halves of a poisoned one are not a retry of theirs."""
        counts: dict[int, int] = {}
        for batch in self.begun:
            if not any(is_poison(number) for number in batch):
                for number in batch:
                    counts[number] = counts.get(number, 0) + 1
        return counts


def read_runs(path: Path) -> Runs:
    """The record so far; `pids` are in the order in which batches began."""
    runs = Runs([], [], [])
    for line in path.read_text().splitlines():
        what, pid, *numbers = line.split()
        batch = tuple(map(int, numbers))
        if what == "begun":
            runs.begun.append(batch)
            runs.pids.append(int(pid))
        else:
            runs.done.append(batch)
    return runs
