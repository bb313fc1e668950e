"""`Summary`: what lists, pruning and the guard of needed models ask of manifests, thousands at a time.

Through an index, as receipts are: a manifest that has not changed since is not read again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ekiben.errors import NotFound, StoreError
from ekiben.store.bento_manifest import BENTO_MANIFEST, read_bento_manifest
from ekiben.store.index import Index
from ekiben.store.layout import Layout
from ekiben.store.model_manifest import MODEL_MANIFEST, read_model_manifest
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True)
class Summary:
    """Of a manifest: its labels; a Bento's service and models (tag and digest of each); a model's module."""

    labels: Mapping[str, str]
    service: str = ""
    models: tuple[tuple[str, str], ...] = ()
    module: str = ""


@dataclass(frozen=True, slots=True)
class Summaries:
    """The summaries of the items of a shelf."""

    shelf: Shelf
    manifest: str
    read: Callable[[Path], Summary]

    def each(
        self, tags: Iterable[Tag], *, is_whole: bool, naming: str = ""
    ) -> list[tuple[Tag, Summary | StoreError | NotFound]]:
        """Each tag with its summary, or with the error that its manifest gives. `is_whole`: these are all that the
        shelf has. A summary in which `naming` does not occur is left out."""
        index = Index.load(self.shelf.layout, f"{self.shelf.root.name}.manifests")
        found: list[tuple[Tag, Summary | StoreError | NotFound]] = []
        for tag in tags:
            try:
                text = self._recall(tag, index)
                if naming in text:
                    found.append((tag, _summary(text)))
            except (StoreError, NotFound) as error:
                found.append((tag, error))
        index.keep(is_whole=is_whole)
        return found

    def _recall(self, tag: Tag, index: Index) -> str:
        def read() -> str:
            return json.dumps(asdict(self.read(self.shelf.folder(tag))))

        key = f"{tag.name}/{tag.version}"
        text = index.recall(key, f"{self.shelf.root}/{key}/{self.manifest}", read)
        assert text is not None, "a manifest is read or raises"
        return text


def _summary(text: str) -> Summary:
    fields = json.loads(text)
    return Summary(**{**fields, "models": tuple((tag, digest) for tag, digest in fields["models"])})


def bento_summaries(layout: Layout) -> Summaries:
    """Of the Bentos."""
    return Summaries(bento_shelf(layout), BENTO_MANIFEST, _summarise_bento)


def model_summaries(layout: Layout) -> Summaries:
    """Of the models."""
    return Summaries(model_shelf(layout), MODEL_MANIFEST, _summarise_model)


def _summarise_bento(folder: Path) -> Summary:
    manifest = read_bento_manifest(folder)
    models = tuple((str(one.tag), str(one.digest)) for one in manifest.models)
    return Summary(dict(manifest.labels), service=manifest.service, models=models)


def _summarise_model(folder: Path) -> Summary:
    manifest = read_model_manifest(folder)
    return Summary(dict(manifest.labels), module=manifest.module)
