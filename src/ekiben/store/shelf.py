"""`Shelf`: the folders `<name>/<version>/` of the models, or of the Bentos. Finds and lists.

Readers take no lock: an item comes and goes by one rename, so each is there whole or not at all. A list of many leaves
an index behind, which spares the next one the reading.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from ekiben.errors import AmbiguousTag, BentoNotFound, DamagedItem, ModelNotFound, NotFound, StoreError
from ekiben.nearest import nearest
from ekiben.report import logger
from ekiben.store.disk import disk_errors
from ekiben.store.index import Index
from ekiben.store.latest import LATEST_FILE, MAX_BYTES, Saved, parse_latest
from ekiben.store.layout import Layout
from ekiben.store.receipt import RECEIPT, Receipt, read_receipt
from ekiben.tag import Tag, is_name, is_version

_RETRIES = 10  # of a question for `latest` whose answer was deleted before it could be read
_SHOWN = 5  # candidates in a message


class Row(NamedTuple):
    """An item as a table tells of it; rows sort by time."""

    created: datetime
    name: str
    version: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Shelf:
    """`noun` and `missing` are what its errors say and are: ("model", ModelNotFound)."""

    root: Path
    layout: Layout
    noun: str
    missing: type[NotFound]

    def names(self) -> list[str]:
        """The names that have a folder, sorted."""
        return [name for name in _folders(self.root) if is_name(name)]

    def versions(self, name: str, beginning: str = "") -> list[str]:
        """The versions of `name` that begin so, sorted; none where there is no such name."""
        if not is_name(name):
            return []
        return [one for one in _folders(self.root / name) if one.startswith(beginning) and is_version(one)]

    def tags(self, name: str, beginning: str = "") -> list[Tag]:
        """Their exact tags, damaged items too: reads none."""
        return [Tag(name, version) for version in self.versions(name, beginning)]

    def has(self, tag: Tag) -> bool:
        """Whether exactly this version is here."""
        return tag.version is not None and self.folder(tag).is_dir()

    def folder(self, tag: Tag) -> Path:
        """Where an exact tag lies."""
        return self.root / f"{tag.name}/{tag.version}"

    def items(self, asked: Tag | None = None) -> list[tuple[Tag, Receipt]]:
        """All items, or those that `asked` may mean (a name's, by the beginning of a version), newest first. One that
        vanishes meanwhile, or is damaged, is left out."""
        tags = ((Tag(name, version), line) for name, version, line in self._lines(asked))
        found = [(tag, Receipt.from_line(line, tag)) for tag, line in tags]
        return sorted(found, key=lambda pair: (pair[1].created, pair[0]), reverse=True)

    def rows(self, asked: Tag | None = None) -> list[Row]:
        """What a table tells of the same items, in the same order, in half the time."""
        return sorted((_row(*one) for one in self._lines(asked)), reverse=True)

    def get(self, tag: Tag) -> tuple[Tag, Receipt]:
        """The item that `tag` means, with its exact tag."""
        for _ in range(_RETRIES):
            exact = self.resolve(tag)
            receipt = self.receipt(exact)
            if receipt:
                return exact, receipt
        raise self.not_found(tag)

    def receipt(self, exact: Tag) -> Receipt | None:
        """The receipt of exactly this version, None where it is not here. Raises DamagedItem, saying how to go on."""
        folder, hint = self.folder(exact), f"delete `{exact}` and make it again"
        try:
            receipt = read_receipt(folder)
        except DamagedItem as error:
            raise DamagedItem(str(error), hint=hint) from error
        if receipt is None and self.has(exact):
            raise DamagedItem(f"`{folder}` is incomplete", hint=hint)
        return receipt

    def resolve(self, tag: Tag) -> Tag:
        """The exact tag that `tag` means: itself, the last saved of its name, or the one version with that prefix."""
        if tag.version is None:
            return tag.with_version(self._latest(tag))
        if self.has(tag):
            return tag
        version = choose_by_prefix(tag, self.versions(tag.name, tag.version))
        if version is None:
            raise self.not_found(tag)
        return tag.with_version(version)

    def resolve_whole(self, tag: Tag) -> Tag:
        """The same, a prefix refused: for what destroys."""
        exact = self.resolve(tag)
        if tag.version not in (None, exact.version):
            raise self.missing(f"no {self.noun} `{tag}` in `{self.root}`", hint=f"write the whole version: `{exact}`")
        return exact

    def saved(self, name: str) -> list[Saved]:
        """What `latest` says of `name`, the last saved on top; nothing where it cannot be read."""
        path = self.root / name / LATEST_FILE
        try:
            with path.open("rb") as stream:
                return parse_latest(stream.read(MAX_BYTES).decode(errors="replace"))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            logger.warning("`%s` cannot be read, so the newest %s counts as the latest: %s", path, self.noun, error)
            return []

    def not_found(self, tag: Tag) -> NotFound:
        """The error for a tag that means nothing here, with the nearest that does."""
        known = [str(Tag(tag.name, version)) for version in self.versions(tag.name)]
        near = known or nearest(tag.name, filter(self.versions, self.names()), limit=_SHOWN)
        shown = ", ".join(f"`{one}`" for one in near[:_SHOWN])
        hint = f"there {'is' if len(near) == 1 else 'are'} {shown}" if near else None
        if len(near) > _SHOWN:
            hint = f"{hint} and {len(near) - _SHOWN} more"
        return self.missing(f"no {self.noun} `{tag}` in `{self.root}`", hint=hint)

    def _latest(self, tag: Tag) -> str:
        for saved in self.saved(tag.name):
            if self.has(tag.with_version(saved.version)):
                return saved.version
        by_time = self.items(Tag(tag.name))
        if not by_time:
            raise self.not_found(tag)
        return str(by_time[0][0].version)

    def _lines(self, asked: Tag | None) -> Iterator[tuple[str, str, str]]:
        """Name, version and receipt (as its line in the index) of the items that `asked` may mean."""
        index = Index.load(self.layout, f"{self.root.name}.receipts")
        beginning = (asked.version if asked else None) or ""
        for name in [asked.name] if asked else self.names():
            for version in self._versions_or_warning(name, beginning):
                if line := self._line_or_warning(name, version, index):
                    yield name, version, line
        index.keep(is_whole=asked is None)

    def _versions_or_warning(self, name: str, beginning: str) -> list[str]:
        try:
            return self.versions(name, beginning)
        except StoreError as error:
            logger.warning("all of `%s` is left out: %s", name, error)
            return []

    def _line_or_warning(self, name: str, version: str, index: Index) -> str | None:
        def read() -> str | None:
            receipt = read_receipt(self.root / name / version)
            return receipt.line if receipt else None

        key = f"{name}/{version}"
        try:
            return index.recall(key, f"{self.root}/{key}/{RECEIPT}", read)
        except (StoreError, OSError) as error:
            logger.warning("%s `%s:%s` is left out: %s", self.noun, name, version, error)
            return None


def model_shelf(layout: Layout) -> Shelf:
    """The folders of the models."""
    return Shelf(layout.models, layout, "model", ModelNotFound)


def bento_shelf(layout: Layout) -> Shelf:
    """The folders of the Bentos."""
    return Shelf(layout.bentos, layout, "Bento", BentoNotFound)


def choose_by_prefix(tag: Tag, versions: list[str]) -> str | None:
    """The one version that begins with the tag's. Raises AmbiguousTag where several do."""
    fitting = [version for version in versions if version.startswith(tag.version or "")]
    if len(fitting) > 1:
        raise AmbiguousTag(str(tag), [str(tag.with_version(version)) for version in fitting])
    return fitting[0] if fitting else None


def _row(name: str, version: str, line: str) -> Row:
    _, _, created, size_bytes = line.split(" ")
    return Row(datetime.fromisoformat(created), name, version, int(size_bytes))


def _folders(path: Path) -> list[str]:
    with disk_errors(path):
        try:
            with os.scandir(path) as entries:
                return sorted(one.name for one in entries if not one.name.startswith(".") and _is_folder(one))
        except (FileNotFoundError, NotADirectoryError):
            return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False
