"""What every experiment is given: the folders, how often and how long to measure, and a bound for the whole."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.serving.servers import Question, Running, Server, running


@dataclass(slots=True)
class Bench:
    """One run of one experiment."""

    environments: Path
    results: Path
    work: Path
    max_rounds: int
    seconds: float  # of each measurement
    budget_s: float  # no round is begun that would not end within it
    only: str = ""  # servers whose name begins so
    begun: float = field(default_factory=time.perf_counter)

    @property
    def took_s(self) -> float:
        """Seconds since it began."""
        return time.perf_counter() - self.begun

    def rounds(self) -> Iterator[int]:
        """1, 2, ... as far as number and budget allow."""
        longest_s = 0.0
        for number in range(1, self.max_rounds + 1):
            if number > 1 and self.took_s + longest_s > self.budget_s:
                self.say(f"no time for round {number} of {self.max_rounds} within {self.budget_s:.0f} s")
                return
            begun_s = self.took_s
            self.say(f"round {number} of {self.max_rounds}")
            yield number
            longest_s = max(longest_s, self.took_s - begun_s)

    def chosen(self, servers: Sequence[Server]) -> list[Server]:
        """The servers that take part."""
        return [server for server in servers if server.name.startswith(self.only)]

    def running(self, server: Server, question: Question) -> AbstractContextManager[Running]:
        """The server, started and asked."""
        return running(server, self.environments, self.work, question)

    def python(self, environment: str) -> str:
        """The interpreter of an environment."""
        return str(self.environments / environment / "bin" / "python")

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"[{self.took_s:4.0f} s] {text}", file=sys.stderr, flush=True)
