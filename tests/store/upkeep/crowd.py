"""A crowd at one store: `python -m tests.store.upkeep.crowd LOG SEED` is one of it, `run_crowd` all of it.

Each saves, builds, lists, reads, deletes, prunes and checks at random, for ever, and writes down what it saved and what
it was about to take away. Some are killed; at the end all are. Every content is made once, so that a version that was
saved and that nobody wanted gone has to be there.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn, TextIO

from ekiben.errors import InUse, NotFound
from ekiben.report import SilentReporter
from ekiben.store.bentos import BentoShelf
from ekiben.store.claims import claim_standing
from ekiben.store.local import Store, default_store
from ekiben.store.models import ModelShelf
from ekiben.store.upkeep.choosing import Rules
from ekiben.store.upkeep.fsck import Checked, check_store
from ekiben.store.upkeep.pruning import plan_pruning, prune
from ekiben.store.verify import find_damage
from tests.store.making import build, entry
from tests.store.processes import ROOT

_NAMES = ("iris", "wine", "digits")
_SHARED = random.Random(1).randbytes(100_000)  # what many versions have in common


@dataclass(frozen=True, slots=True)
class Member:
    """One of the crowd: its store, its dice, and its log."""

    store: Store
    rng: random.Random
    log: TextIO

    def note(self, word: str, tag: object) -> None:
        """A line of the log, on the disk when this returns as far as a kill is concerned."""
        self.log.write(f"{word} {tag}\n")
        self.log.flush()

    def save(self) -> None:
        """A model with a large file that others have, too."""
        with self.store.models.create(self.rng.choice(_NAMES)) as draft:
            draft.path_of("weights.bin").write_bytes(_SHARED)
            draft.path_of("note.txt").write_bytes(os.urandom(16))
        self.note("saved", f"model {draft.tag}")

    def build(self) -> None:
        """A Bento of the latest model of a name, claimed while it is made."""
        with self.store.scratch() as folder:
            model = self.store.models.get(self.rng.choice(_NAMES))
            claim_standing(self.store.layout, folder, (entry(model),))
            time.sleep(self.rng.random() / 50)
            bento = build(self.store, self.rng.choice(["svc", "web"]), os.urandom(8).hex(), [entry(model)])
        self.note("saved", f"Bento {bento.tag}")

    def look(self) -> None:
        """Lists, and reads one item, which is whole or gone."""
        items = [*self.store.models.list(), *self.store.bentos.list()]
        if items:
            item = self.rng.choice(items)
            with suppress(FileNotFoundError):  # it went while it was read
                damage = find_damage(item.path, item.digest)
                assert not damage or not item.path.exists(), f"{item.tag} is half there: {damage}"

    def delete(self) -> None:
        """A version of either kind."""
        shelves: list[tuple[str, ModelShelf | BentoShelf]] = [
            ("model", self.store.models),
            ("Bento", self.store.bentos),
        ]
        noun, shelf = self.rng.choice(shelves)
        items = shelf.list()
        if items:
            tag = self.rng.choice(items).tag
            self.note("going", f"{noun} {tag}")
            shelf.delete(tag)

    def prune(self) -> None:
        """All but some versions of each name."""
        rules = Rules(keep=self.rng.randrange(2, 5))
        in_a_day = datetime.now(UTC) + timedelta(days=1)
        plan = plan_pruning(self.store.layout, rules, bentos=True, models=True, now=in_a_day)
        for kind, items in (("Bento", plan.bentos), ("model", plan.models)):
            for one in items:
                self.note("going", f"{kind} {one.tag}")
        prune(self.store.layout, plan)

    def check(self) -> None:
        """fsck beside all the others."""
        checked = check_store(self.store, SilentReporter(), repairs=False)
        assert all(one.where.startswith("tmp/") for one in checked.found), checked.found

    def deeds(self) -> Mapping[Callable[[], None], int]:
        """What it does, and how often."""
        return {self.save: 8, self.build: 6, self.look: 4, self.delete: 2, self.prune: 2, self.check: 1}

    def act_for_ever(self) -> NoReturn:
        """Does this and that."""
        deeds = self.deeds()
        while True:
            with suppress(NotFound, InUse):  # somebody else was quicker, or needs it
                self.rng.choices([*deeds], [*deeds.values()])[0]()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: how many versions were saved, those that are lost, what members said who failed, and fsck."""

    saved: int
    lost: frozenset[str]
    failures: tuple[str, ...]
    checked: Checked


def run_crowd(
    store: Store,
    logs: Path,
    *,
    members: int,
    seconds: float,
    kill_every_s: float,
    command: Sequence[str] = ("tests.store.upkeep.crowd",),
) -> Outcome:
    """Lets a crowd at the store for a while; one is killed and replaced now and then, all at the end. `command` is the
    module of a member and what it is told beside its log and its seed."""
    crowd = [_start(command, logs, number) for number in range(members)]
    failures: list[str] = []
    end, rng = time.monotonic() + seconds, random.Random(0)
    while (left_s := end - time.monotonic()) > 0:
        time.sleep(min(kill_every_s, left_s))
        place = rng.randrange(members)
        failures += _end(crowd[place])
        crowd[place] = _start(command, logs, len(list(logs.iterdir())))
    for one in crowd:
        one.kill()
    for one in crowd:
        failures += _end(one)
    return _outcome(store, logs, failures)


def _start(command: Sequence[str], logs: Path, number: int) -> subprocess.Popen[str]:
    log = logs / f"{number}.log"
    log.touch()
    module, *told = command
    line = [sys.executable, "-m", module, str(log), str(number), *told]
    return subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen[str]) -> list[str]:
    """Kills it; what it said where it had failed before."""
    process.kill()
    _, said = process.communicate()
    return [] if process.returncode == -signal.SIGKILL else [said]


def _outcome(store: Store, logs: Path, failures: list[str]) -> Outcome:
    saved, going = noted(logs, "saved"), noted(logs, "going")
    there = {f"model {one.tag}" for one in store.models.list()} | {f"Bento {one.tag}" for one in store.bentos.list()}
    checked = check_store(store, SilentReporter(), repairs=True)
    return Outcome(len(saved), frozenset(saved - going - there), tuple(failures), checked)


def noted(logs: Path, word: str) -> set[str]:
    """What members wrote down under a word."""
    lines = (line for log in logs.iterdir() for line in log.read_text(encoding="utf-8").splitlines())
    return {line.removeprefix(f"{word} ") for line in lines if line.startswith(f"{word} ")}


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", encoding="utf-8") as log:
        Member(default_store(), random.Random(sys.argv[2]), log).act_for_ever()
