"""What is wrong around items: strange entries, a `latest` that says nothing, Bentos whose models are not there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from ekiben.errors import StoreError
from ekiben.store.disk import make_folder, remove_tree
from ekiben.store.latest import KEPT, LATEST_FILE, Saved, format_latest, parse_latest
from ekiben.store.layout import Layout
from ekiben.store.lock import exclusive
from ekiben.store.receipt import format_time, read_receipt
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.store.staging import replace_file
from ekiben.store.summaries import Summary, bento_summaries
from ekiben.store.upkeep.findings import Finding
from ekiben.tag import Tag


def check_shelf(shelf: Shelf) -> Iterator[Finding]:
    """What is wrong with the folders of a shelf, their items apart."""
    yield from _strangers(shelf, shelf.root, shelf.names)
    for name in shelf.names():
        yield from _strangers(shelf, shelf.root / name, partial(_own_entries, shelf, name))
        if not _is_settled(shelf, name):
            yield from _fault_of_name(shelf, name)


def _own_entries(shelf: Shelf, name: str) -> list[str]:
    return [*shelf.versions(name), LATEST_FILE]


def _strangers(shelf: Shelf, folder: Path, known: Callable[[], list[str]]) -> Iterator[Finding]:
    """What is in `folder` and not `known`, neither before nor after it was listed: items come and go meanwhile."""
    before = set(known())
    strange = [entry for entry in _entries(folder) if entry not in before]
    after = set(known()) if strange else set()
    for path in (folder / entry for entry in strange if entry not in after):
        if os.path.lexists(path):
            where = path.relative_to(shelf.layout.home).as_posix()
            yield Finding(where, f"is neither a {shelf.noun} nor anything of ours")


def check_needs(layout: Layout) -> Iterator[Finding]:
    """The Bentos that need a model which is not there, or is another."""
    models = model_shelf(layout)
    bentos = bento_shelf(layout)
    tags = [tag for name in bentos.names() for tag in bentos.tags(name)]
    for bento, summary in bento_summaries(layout).each(tags, is_whole=True):
        if not isinstance(summary, Summary):
            if bentos.has(bento):
                yield Finding(f"Bento {bento}", str(summary))
            continue
        for model, digest in summary.models:
            state = _state_of(models, Tag.parse(model), digest)
            if state and bentos.has(bento):
                yield Finding(f"Bento {bento}", f"its model `{model}` {state}")


def _state_of(models: Shelf, model: Tag, digest: str) -> str | None:
    try:
        receipt = read_receipt(models.folder(model))
    except (StoreError, OSError):
        return None  # the model's own finding
    if receipt is None:
        return "is not in the store"
    return None if str(receipt.digest) == digest else f"has other content than `{digest}`"


def _entries(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 (names alone)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_settled(shelf: Shelf, name: str) -> bool:
    """Whether `latest` is well formed and there is something that it may tell of."""
    path = shelf.root / name / LATEST_FILE
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError):
        return False
    return bool(shelf.versions(name)) and len(parse_latest(text)) == len(text.splitlines()) > 0


def _fault_of_name(shelf: Shelf, name: str) -> Iterator[Finding]:
    """Looks once more, under the lock, where no writer is half done."""
    where = (shelf.root / name).relative_to(shelf.layout.home).as_posix()
    with exclusive(shelf.layout.lock):
        if _is_settled(shelf, name) or not (shelf.root / name).is_dir():
            return
        is_empty = not shelf.versions(name)
        is_only_ours = set(_entries(shelf.root / name)) <= {LATEST_FILE}
    if not is_empty:
        yield Finding(f"{where}/{LATEST_FILE}", "cannot be read", partial(_write_latest, shelf, name))
    elif is_only_ours:
        yield Finding(where, "holds no version", partial(_remove_empty, shelf, name))


def _write_latest(shelf: Shelf, name: str) -> None:
    """What can still be read of it stays on top; then the others, the newest first."""
    make_folder(shelf.layout.tmp)
    with exclusive(shelf.layout.lock):
        lines = [one for one in shelf.saved(name) if shelf.has(Tag(name, one.version))]
        known = {one.version for one in lines}
        rest = [Saved(str(tag.version), format_time(receipt.created)) for tag, receipt in shelf.items(Tag(name))]
        lines += [one for one in rest if one.version not in known]
        replace_file(shelf.layout, shelf.root / name / LATEST_FILE, format_latest(lines[:KEPT]).encode())


def _remove_empty(shelf: Shelf, name: str) -> None:
    with exclusive(shelf.layout.lock), suppress(FileNotFoundError):
        if not shelf.versions(name):
            remove_tree(shelf.root / name)
