"""Which Bentos need which models, both ways. Callers hold the store's lock where the answer must stay true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ekiben.errors import ModelNotFound
from ekiben.store.bento_manifest import BENTO_MANIFEST, BentoModelEntry
from ekiben.store.layout import Layout
from ekiben.store.receipt import read_receipt
from ekiben.store.shelf import bento_shelf, model_shelf
from ekiben.store.summaries import Summary, bento_summaries
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True)
class Needs:
    """The models that the local Bentos list, by exact tag, and what stands in manifests that cannot be read."""

    listed: Mapping[str, tuple[Tag, ...]]
    unreadable: tuple[tuple[Tag, bytes], ...]

    def of(self, model: Tag) -> list[Tag]:
        """The Bentos that need `model`; one that names it and cannot say how counts."""
        text = str(model)
        named = [bento for bento, content in self.unreadable if text.encode() in content]
        return [*self.listed.get(text, ()), *named]


def find_needs(layout: Layout, model: Tag | None = None) -> Needs:
    """What the Bentos of the store need, or who of them needs `model`: reads only what the index does not know."""
    listed: dict[str, tuple[Tag, ...]] = {}
    unreadable = []
    for bento, summary in _summaries(layout, str(model) if model else ""):
        if isinstance(summary, Summary):
            for needed in {needed for needed, _ in summary.models}:
                listed[needed] = (*listed.get(needed, ()), bento)
        else:
            unreadable.append((bento, _content(layout, bento)))
    return Needs(listed, tuple(unreadable))


def require_models(layout: Layout, entries: tuple[BentoModelEntry, ...]) -> None:
    """Raises ModelNotFound unless every model is in the store with the content that its entry names."""
    shelf = model_shelf(layout)
    for entry in entries:
        receipt = read_receipt(shelf.folder(entry.tag))
        if receipt is None or receipt.digest != entry.digest:
            state = "is not in the store" if receipt is None else f"has other content than `{entry.digest}`"
            raise ModelNotFound(
                f"model `{entry.tag}` {state}", hint="it was deleted or replaced meanwhile: build again"
            )


def _summaries(layout: Layout, naming: str) -> Sequence[tuple[Tag, Summary | Exception]]:
    shelf = bento_shelf(layout)
    tags = (tag for name in shelf.names() for tag in shelf.tags(name))
    return bento_summaries(layout).each(tags, is_whole=True, naming=naming)


def _content(layout: Layout, bento: Tag) -> bytes:
    try:
        return (bento_shelf(layout).folder(bento) / BENTO_MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""
