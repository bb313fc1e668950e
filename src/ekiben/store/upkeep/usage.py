"""`ekiben du`: what takes how much, by name or by version; caches and staging besides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.store.layout import Layout
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.store.upkeep.footprint import Footprint, Inode, footprint, inodes
from ekiben.tag import Tag

Kind: TypeAlias = Literal["Bento", "model", "cache", "staging", "total"]
_ITEMS = ("Bento", "model")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one thing takes: a name with `items` versions, one version, a cache, or all of the store."""

    kind: Kind
    name: str
    items: int
    footprint: Footprint

    def to_dict(self) -> dict[str, object]:
        """As JSON tells it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "items": self.items,
            "size_bytes": self.footprint.size_bytes,
            "own_bytes": self.footprint.own_bytes,
        }


def store_usage(layout: Layout) -> list[Usage]:
    """What each name takes, each cache, and what is being staged; last the total, in which shared bytes count once."""
    found = [*_names("Bento", bento_shelf(layout)), *_names("model", model_shelf(layout))]
    found += [("cache", path.name, 1, inodes(path)) for path in _entries(layout.cache)]
    staged = _entries(layout.tmp)
    found.append(("staging", layout.tmp.name, len(staged), inodes(layout.tmp)))
    rows = [Usage(kind, name, items, footprint(own)) for kind, name, items, own in found]
    total = footprint(chain.from_iterable(own for *_, own in found))
    return [*rows, Usage("total", str(layout.home), sum(row.items for row in rows if row.kind in _ITEMS), total)]


def version_usage(layout: Layout, name: str) -> list[Usage]:
    """What each version takes of the Bentos and models of one name; last the total."""
    tags = [(shelf, tag) for shelf in (bento_shelf(layout), model_shelf(layout)) for tag in shelf.tags(name)]
    found = [(shelf, tag, inodes(shelf.folder(tag))) for shelf, tag in tags]
    rows = [Usage(_kind(shelf), str(tag), 1, footprint(own)) for shelf, tag, own in found]
    total = footprint(chain.from_iterable(own for *_, own in found))
    return [*rows, Usage("total", Tag(name).name, len(rows), total)]


def _kind(shelf: Shelf) -> Kind:
    return "Bento" if shelf.noun == "Bento" else "model"


def _names(kind: Kind, shelf: Shelf) -> Iterator[tuple[Kind, str, int, list[Inode]]]:
    for name in shelf.names():
        yield kind, name, len(shelf.versions(name)), inodes(shelf.root / name)


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
