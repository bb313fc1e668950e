"""`ekiben prune`: Bentos that rules let go, and models that no Bento left needs.

A plan is made without the lock and may be shown. When it is carried out, it is asked of each item again, under the
lock, whether it may go: what was saved again meanwhile stays, and so does a model that a Bento in the making needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import chain
from typing import TypeAlias

from ekiben.errors import DamagedItem
from ekiben.store.changes import delete_some
from ekiben.store.claims import claimed_models
from ekiben.store.layout import Layout
from ekiben.store.receipt import RECEIPT, Receipt, parse_time
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.store.summaries import Summaries, Summary, bento_summaries, model_summaries
from ekiben.store.upkeep.choosing import Candidate, Rules, choose, ranks
from ekiben.store.upkeep.footprint import footprint, inodes
from ekiben.store.usage import find_needs
from ekiben.tag import Tag

Told: TypeAlias = Callable[[Tag, bool], None]

_AT_ONCE = 32  # items that go under one hold of the lock: some tens of milliseconds
# A model is saved before the Bento that will need it: without an age asked for, so long it stays in any case.
_MODEL_GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PruningPlan:
    """What may go, how many versions of each name stay, and what the going would free."""

    bentos: tuple[Candidate, ...] = ()
    models: tuple[Candidate, ...] = ()
    keep: int = 1
    freed_bytes: int = 0


def plan_pruning(layout: Layout, rules: Rules, *, bentos: bool, models: bool, now: datetime) -> PruningPlan:
    """What the rules let go of Bentos, of models that no Bento left needs, or of both."""
    old = choose(_candidates(bento_summaries(layout), rules), rules, now) if bentos else []
    plan = PruningPlan(tuple(old), _unneeded(layout, rules, old, now) if models else (), rules.kept)
    folders = [bento_shelf(layout).folder(one.tag) for one in plan.bentos]
    folders += [model_shelf(layout).folder(one.tag) for one in plan.models]
    return replace(plan, freed_bytes=footprint(chain.from_iterable(map(inodes, folders))).own_bytes)


def prune(layout: Layout, plan: PruningPlan, told: Told = lambda tag, gone: None) -> list[Tag]:
    """Deletes what the plan names and still may go; `told` of each whether it went. Gives those that did."""
    gone = _delete(bento_shelf(layout), plan.bentos, plan.keep, set, told)
    if not plan.models:
        return gone
    find_needs(layout)  # so that what is asked again under the lock is in the index
    needed = partial(_needed, layout, [one.tag for one in plan.models])
    return [*gone, *_delete(model_shelf(layout), plan.models, plan.keep, needed, told)]


def _candidates(summaries: Summaries, rules: Rules) -> list[Candidate]:
    shelf = summaries.shelf
    found = shelf.items(Tag(rules.name) if rules.name else None)
    lines = {name: _lines(shelf, name) for name in {tag.name for tag, _ in found}}
    times = {tag: _saved(shelf, tag, receipt, lines[tag.name]) for tag, receipt in found}
    labels = {}
    if rules.labels:
        told = summaries.each(times, is_whole=rules.name is None)
        labels = {tag: one.labels for tag, one in told if isinstance(one, Summary)}
    placed = ranks({name: list(known) for name, known in lines.items()}, times)
    return [Candidate(tag, times[tag], placed[tag], labels.get(tag, {})) for tag in times]


def _lines(shelf: Shelf, name: str) -> dict[str, str]:
    """What `latest` of a name says: by version the time, in its order."""
    return {one.version: one.time for one in shelf.saved(name)}


def _saved(shelf: Shelf, tag: Tag, receipt: Receipt, lines: Mapping[str, str]) -> datetime:
    """When it was saved or built last: the receipt is written at each making, `latest` also where nothing was made."""
    times = [receipt.created]
    with suppress(OSError, ValueError, OverflowError):
        times.append(datetime.fromtimestamp((shelf.folder(tag) / RECEIPT).stat().st_mtime, UTC))
    with suppress(KeyError, ValueError):
        times.append(parse_time(lines[str(tag.version)]))
    return max(times)


def _unneeded(layout: Layout, rules: Rules, going: Iterable[Candidate], now: datetime) -> tuple[Candidate, ...]:
    needs, without = find_needs(layout), {one.tag for one in going}
    known = choose(_candidates(model_summaries(layout), rules), rules, now)
    old = [one for one in known if rules.older_than is not None or now - one.saved > _MODEL_GRACE]
    return tuple(one for one in old if without.issuperset(needs.of(one.tag)))


def _needed(layout: Layout, tags: Iterable[Tag]) -> set[Tag]:
    needs, claimed = find_needs(layout), claimed_models(layout)
    return {tag for tag in tags if str(tag) in claimed or needs.of(tag)}


def _delete(
    shelf: Shelf, items: Sequence[Candidate], keep: int, needed: Callable[[], set[Tag]], told: Told
) -> list[Tag]:
    gone: list[Tag] = []
    for start in range(0, len(items), _AT_ONCE):
        batch = items[start : start + _AT_ONCE]
        may_go = partial(_still, shelf, {one.tag: one for one in batch}, keep, needed)
        deleted = delete_some(shelf, [one.tag for one in batch], may_go)
        for one in batch:
            told(one.tag, one.tag in deleted)
        gone += deleted
    return gone


def _still(
    shelf: Shelf, batch: Mapping[Tag, Candidate], keep: int, needed: Callable[[], set[Tag]], tags: Iterable[Tag]
) -> list[Tag]:
    """Those of `tags` that nobody needs, that were not saved again since the plan was made, and without which as many
    versions are left as are to be kept, the latest one among them."""
    kept, going = needed(), []
    spare = {name: len(shelf.versions(name)) - keep for name in {tag.name for tag in batch}}
    for tag in tags:
        if tag not in kept and spare[tag.name] > 0 and _is_as_planned(shelf, batch[tag], may_be_latest=keep == 0):
            going.append(tag)
            spare[tag.name] -= 1
    return going


def _is_as_planned(shelf: Shelf, item: Candidate, *, may_be_latest: bool) -> bool:
    lines = _lines(shelf, item.tag.name)
    try:
        receipt = shelf.receipt(item.tag)
    except DamagedItem:
        return False
    is_free = may_be_latest or shelf.resolve(Tag(item.tag.name)) != item.tag
    return is_free and receipt is not None and _saved(shelf, item.tag, receipt, lines) == item.saved
