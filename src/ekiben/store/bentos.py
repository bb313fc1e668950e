"""Bentos in the store: `Bento` is one, `BentoShelf` all of them, `StagedBento` one that is being built.

What goes into a Bento is the packager's decision; here it becomes an item.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import NotFound, StoreError
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoManifest, BentoModelEntry, read_bento_manifest
from ekiben.store.changes import commit, delete, make_latest, named_version
from ekiben.store.disk import disk_errors, disk_refusals, write_synced
from ekiben.store.documents import dump_document
from ekiben.store.item import StoredItem, path_inside
from ekiben.store.layout import Layout
from ekiben.store.plain import plain_mapping
from ekiben.store.receipt import Receipt
from ekiben.store.seal import refuse_names
from ekiben.store.shelf import Shelf, bento_shelf
from ekiben.store.staging import staging
from ekiben.store.summaries import Summary, bento_summaries
from ekiben.store.usage import require_models
from ekiben.tag import Tag

__all__ = ["Bento", "BentoManifest", "BentoModelEntry", "BentoShelf", "StagedBento"]


class Bento(StoredItem):
    """A Bento. `tag` is exact for one in the store; the manifest is read when first asked for."""

    @cached_property
    def manifest(self) -> BentoManifest:
        """What bento.yaml says. Raises BentoNotFound where it is not there, DamagedItem where it is unreadable."""
        return read_bento_manifest(self.path)

    @property
    def info(self) -> BentoManifest:
        """BentoML's name for the manifest."""
        return self.manifest

    def to_row(self, summary: Summary) -> dict[str, object]:
        """What `list` tells of it."""
        models = [{"tag": tag, "digest": digest} for tag, digest in summary.models]
        return self._shown({"service": summary.service, "labels": dict(summary.labels), "models": models})

    def to_dict(self) -> dict[str, object]:
        """bento.yaml with tag, version, digest, creation time, size and path: what `get` prints."""
        return self._shown(self.manifest.to_dict())


def moving_hint(tag: Tag | str) -> str:
    """How a Bento that BentoML built becomes one that ekiben serves and builds."""
    return (
        f"copy `src` out of `ekiben get {tag} -o path`, write `import ekiben as bentoml` there, and serve or build that"
        " folder"
    )


@dataclass(frozen=True, slots=True)
class StagedBento:
    """A Bento being built: put files under `path`, then `commit`. Without a commit nothing stays."""

    name: str
    path: Path
    layout: Layout

    def path_of(self, *parts: str) -> Path:
        """A path inside `path`."""
        return path_inside(self.path, *parts)

    def commit(self, manifest: BentoManifest, *, version: str | None, receipt: Mapping[str, object]) -> Bento:
        """Writes bento.yaml, seals the files, and moves them to their place; gives the Bento that is there then.

        `version` names one; None makes it from the content. `receipt` holds what is true of this making alone. Raises
        VersionTaken, StoreError, and ModelNotFound where a model of the manifest left the store meanwhile.
        """
        assert manifest.name == self.name, f"staged as {self.name}, committed as {manifest.name}"
        refuse_names(self.path, BENTO_MANIFEST)
        tag = Tag(self.name) if version is None else named_version(self.name, version)
        shelf = bento_shelf(self.layout)
        with disk_errors(self.path):
            write_synced(self.path / BENTO_MANIFEST, dump_document(manifest.to_dict()))
            exact, written = commit(
                shelf,
                self.path,
                tag,
                plain_mapping(receipt, "receipt"),
                executables=manifest.executables,
                check=lambda: require_models(self.layout, manifest.models),
            )
        return Bento(exact, shelf.folder(exact), written)


@dataclass(frozen=True, slots=True)
class BentoShelf:
    """The Bentos of a store."""

    layout: Layout

    @property
    def shelf(self) -> Shelf:
        """The folders."""
        return bento_shelf(self.layout)

    def resolve(self, tag: str | Tag) -> Tag:
        """The exact tag that `tag` means. Raises BentoNotFound, AmbiguousTag, InvalidTag."""
        with disk_errors(self.layout.bentos):
            return self.shelf.resolve(Tag.parse(tag))

    def get(self, tag: str | Tag) -> Bento:
        """The Bento that `tag` means. Raises as `resolve` does."""
        with disk_errors(self.layout.bentos):
            return self._bento(*self.shelf.get(Tag.parse(tag)))

    def make_latest(self, tag: Tag, digest: Digest) -> Bento | None:
        """Makes the Bento of this exact tag the latest of its name; None where it is not there with this content."""
        with disk_errors(self.layout.bentos):
            receipt = make_latest(self.shelf, tag, digest)
            return self._bento(tag, receipt) if receipt else None

    def tags(self, name: str) -> Sequence[Tag]:
        """The exact tags of `name`, damaged Bentos too: what there is to delete."""
        with disk_errors(self.layout.bentos):
            return self.shelf.tags(name)

    def list(self, tag: str | Tag | None = None) -> list[Bento]:
        """All Bentos, or those of a name, or with such a beginning of a version, newest first. Reads receipts alone."""
        shelf = self.shelf
        return [Bento(exact, shelf.folder(exact), receipt) for exact, receipt in self.receipts(tag)]

    def receipts(self, tag: str | Tag | None = None) -> Sequence[tuple[Tag, Receipt]]:
        """The same without the Bentos: exact tags and receipts."""
        with disk_errors(self.layout.bentos):
            return self.shelf.items(None if tag is None else Tag.parse(tag))

    def summaries(self, tags: Sequence[Tag]) -> Sequence[Summary | StoreError | NotFound]:
        """What a list tells of each one's manifest, or what is wrong with it: most are in the index."""
        found = bento_summaries(self.layout).each(tags, is_whole=False)
        return [summary for _, summary in found]

    def delete(self, tag: str | Tag, force: bool = False) -> Tag:
        """Deletes one Bento and gives its tag. A prefix is refused."""
        with disk_errors(self.layout.home):
            return delete(self.shelf, Tag.parse(tag))

    @contextmanager
    def stage(self, name: str) -> Iterator[StagedBento]:
        """A Bento to fill and commit inside the block; an error, or no commit, leaves nothing."""
        with staging(self.layout) as folder, disk_refusals(folder):
            yield StagedBento(Tag(name).name, folder, self.layout)

    def _bento(self, tag: Tag, receipt: Receipt) -> Bento:
        return Bento(tag, self.shelf.folder(tag), receipt)
