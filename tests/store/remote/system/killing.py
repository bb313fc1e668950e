"""Transfers that are killed by kill -9 at random instants, again and again, and then let through."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from tests.store.remote.system.command import Command


@dataclass(frozen=True, slots=True)
class Killer:
    """Kills what `command` does. `whole_s` is how long it takes that nobody kills, `dice` choose the instants."""

    command: Command
    whole_s: float
    dice: random.Random

    def kill(self, *arguments: str) -> bool:
        """Begins, and kills at some instant; whether it had not ended by then."""
        with self.command.start(*arguments) as process:
            time.sleep(self.dice.uniform(0, self.whole_s))
            process.kill()
        return process.returncode < 0

    def kill_often(self, times: int, *arguments: str) -> Iterator[None]:
        """Gives the word after each kill, and ends where a process was through before it was killed."""
        for _ in range(times):
            if not self.kill(*arguments):
                return
            yield

    @classmethod
    def of(cls, command: Command, dice: random.Random, *arguments: str) -> Killer:
        """One that knows how long it takes, by doing it once."""
        begun_s = time.monotonic()
        command.must(*arguments)
        return cls(command, time.monotonic() - begun_s, dice)
