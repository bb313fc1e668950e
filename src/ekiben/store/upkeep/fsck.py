"""`ekiben fsck`: everything in the store looked at, and repaired where that can be done. Others may go on working."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ekiben.errors import EkibenError
from ekiben.report import Reporter
from ekiben.store.local import Store
from ekiben.store.shelf import bento_shelf, model_shelf
from ekiben.store.upkeep.caches import dangling_pointers
from ekiben.store.upkeep.copies import Copies
from ekiben.store.upkeep.findings import Finding
from ekiben.store.upkeep.items import check_item
from ekiben.store.upkeep.leftovers import check_caches, check_leftovers, left_behind
from ekiben.store.upkeep.shelves import check_needs, check_shelf


@dataclass(frozen=True, slots=True)
class Checked:
    """What was wrong, and of that what still is: all of it where nothing was to be repaired."""

    found: tuple[Finding, ...]
    left: tuple[Finding, ...]

    @property
    def repaired(self) -> tuple[Finding, ...]:
        """What was wrong and no longer is."""
        return tuple(one for one in self.found if one not in self.left)


def check_store(store: Store, reporter: Reporter, *, repairs: bool) -> Checked:
    """Looks at everything; with `repairs` mends what can be, and looks at everything again."""
    found = tuple(_findings(store, reporter))
    if not repairs:
        return Checked(found, found)
    for pointer in dangling_pointers(store.layout):
        pointer.unlink(missing_ok=True)
    left = found
    while mendable := [one for one in left if one.repair]:
        _repair(mendable, reporter)
        before, left = left, tuple(_findings(store, reporter))
        if set(left) == set(before):
            break
    return Checked(found, left)


def _repair(findings: Sequence[Finding], reporter: Reporter) -> None:
    for one in findings:
        try:
            with suppress(FileNotFoundError):  # somebody else was quicker
                one.repair() if one.repair else None
        except (EkibenError, OSError) as error:
            reporter.warn(f"{one.where} could not be repaired: {error}")


def _findings(store: Store, reporter: Reporter) -> Iterator[Finding]:
    layout, copies = store.layout, Copies(store.layout)
    seen_before = left_behind(layout)
    for shelf in (model_shelf(layout), bento_shelf(layout)):
        yield from check_shelf(shelf)
        tags = [tag for name in shelf.names() for tag in shelf.tags(name)]
        with reporter.task(f"checking {shelf.noun}s", len(tags), f"{shelf.noun}s") as task:
            for tag in tags:
                yield from check_item(shelf, tag, copies)
                task.advance(1)
    yield from check_needs(layout)
    if layout.cache.is_dir():
        with store.cache_held():
            yield from check_caches(layout)
    yield from check_leftovers(layout, seen_before)
