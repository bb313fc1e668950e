"""A crowd at one store and one remote: `python -m tests.store.remote.system.crowd LOG SEED REMOTE` is one of it,
`visit` all of it.

Each does what the crowd at a store does (`tests/store/upkeep/crowd.py`), and pushes, pulls and lists besides. Nobody
takes anything away from the remote: what was pushed has to be there in the end, and what is there has to be whole.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import ekiben.bentos
import ekiben.models
from ekiben.errors import EkibenError
from ekiben.report import SilentReporter
from ekiben.settings import load_settings
from ekiben.store.archive.formats import BENTO, MODEL, ItemKind
from ekiben.store.item import StoredItem
from ekiben.store.local import Store, default_store, open_store
from ekiben.store.remote.documents import Documents
from ekiben.store.remote.listing import list_remote
from ekiben.store.remote.opening import remotes_for
from ekiben.store.upkeep.fsck import check_store
from ekiben.tag import Tag
from tests.store.upkeep.crowd import Member, Outcome, noted, run_crowd


class Strict(SilentReporter):
    """What is left out of a list is half there."""

    def warn(self, message: str, hint: str | None = None) -> None:
        """Fails."""
        raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class Visitor(Member):
    """One of the crowd."""

    remote: str

    def deeds(self) -> Mapping[Callable[[], None], int]:
        """Those of others, and its own."""
        own = {self.push_model: 8, self.push_bento: 6, self.pull_model: 6, self.pull_bento: 4, self.list: 2}
        return {**Member.deeds(self), **own}

    def push_model(self) -> None:
        """One of the store's."""
        if items := self.store.models.list():
            self.push("model", self.rng.choice(items), ekiben.models.push)

    def push_bento(self) -> None:
        """One of the store's, with its models."""
        if items := self.store.bentos.list():
            self.push("Bento", self.rng.choice(items), ekiben.bentos.push)

    def push(self, noun: str, item: StoredItem, push: Callable[[Tag, str], str]) -> None:
        """Something of the store's, unless it goes meanwhile."""
        try:
            push(item.tag, self.remote)
        except EkibenError:
            if item.path.exists():
                raise
        else:
            self.note("pushed", f"{noun} {item.tag} {item.digest}")

    def pull_model(self) -> None:
        """One that somebody has pushed."""
        if tag := self.chosen(MODEL, ("iris", "wine", "digits")):
            ekiben.models.pull(tag, self.remote)

    def pull_bento(self) -> None:
        """The same."""
        if tag := self.chosen(BENTO, ("svc", "web")):
            ekiben.bentos.pull(tag, self.remote)

    def list(self) -> None:
        """All of a name, each of which has to be whole."""
        listed(self.remote, MODEL, Tag("wine"))

    def chosen(self, kind: ItemKind, names: tuple[str, ...]) -> Tag | None:
        """The tag of something at the remote."""
        found = listed(self.remote, kind, Tag(self.rng.choice(names)))
        return self.rng.choice(found).target.tag if found else None


def listed(remote: str, kind: ItemKind, asked: Tag | None = None) -> list[Documents]:
    """What is at the remote; what is there and cannot be read is an error."""
    remotes = remotes_for(kind, load_settings(), os.environ)
    place = remotes.place(remote, "--from")
    return list_remote(remotes.open(place), place, kind, asked, Strict())


@dataclass(frozen=True, slots=True)
class Visit:
    """What came of it: at the store, and of what was pushed how much, what of it is not at the remote, and what is
    there and is not what it was, or not whole."""

    at_store: Outcome
    pushed: int
    lost: frozenset[str]
    wrong: frozenset[str]

    @property
    def amiss(self) -> tuple[str, ...]:
        """What was found in the store beside what those staged who were killed."""
        return tuple(str(one) for one in self.at_store.checked.found if not one.where.startswith("tmp/"))

    @property
    def is_well(self) -> bool:
        """Whether nothing is amiss anywhere."""
        of_store = self.at_store
        return not (
            self.amiss or self.lost or self.wrong or of_store.lost or of_store.failures or of_store.checked.left
        )


def visit(store: Store, remote: str, folder: Path, *, members: int, seconds: float) -> Visit:
    """Lets a crowd at the store of the settings in force and at a remote, one of it killed every second; then all that
    is at the remote is pulled into a store of its own."""
    logs = folder / "logs"
    logs.mkdir(parents=True)
    command = ("tests.store.remote.system.crowd", remote)
    outcome = run_crowd(store, logs, members=members, seconds=seconds, kill_every_s=1.0, command=command)
    pushed = noted(logs, "pushed")
    there = pulled(remote, folder / "all")
    tags = {one.rpartition(" ")[0] for one in there}
    lost = frozenset(one for one in pushed if one.rpartition(" ")[0] not in tags)
    return Visit(outcome, len(pushed), lost, frozenset(pushed - there - lost))


def pulled(remote: str, home: Path) -> set[str]:
    """Everything at the remote as it lies in a store that had nothing: kind, tag and digest."""
    environ = {**os.environ, "EKIBEN_HOME": str(home)}
    store = open_store(load_settings(environ))
    before, os.environ["EKIBEN_HOME"] = os.environ["EKIBEN_HOME"], str(home)
    try:
        for one in listed(remote, MODEL):
            ekiben.models.pull(one.target.tag, remote)
        for one in listed(remote, BENTO):
            ekiben.bentos.pull(one.target.tag, remote)
    finally:
        os.environ["EKIBEN_HOME"] = before
    checked = check_store(store, SilentReporter(), repairs=False)
    assert checked.found == (), checked.found
    models = {f"model {one.tag} {one.digest}" for one in store.models.list()}
    return models | {f"Bento {one.tag} {one.digest}" for one in store.bentos.list()}


if __name__ == "__main__":
    with Path(sys.argv[1]).open("a", encoding="utf-8") as log:
        Visitor(default_store(), random.Random(sys.argv[2]), log, sys.argv[3]).act_for_ever()
