"""Models in the store: `Model` is one, `ModelShelf` all of them, `ModelDraft` one that is being saved.

How the files of a model come about and are read is the framework modules' work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from ekiben.errors import DamagedItem, InUse, ModelNotFound, NotFound, StoreError, UsageError
from ekiben.store.changes import commit, delete, named_version
from ekiben.store.claims import CLAIMANT, claimed_models
from ekiben.store.disk import disk_errors, disk_refusals, write_synced
from ekiben.store.documents import dump_document
from ekiben.store.item import StoredItem, path_inside
from ekiben.store.layout import Layout
from ekiben.store.model_manifest import (
    API_VERSION,
    MODEL_MANIFEST,
    ModelContext,
    ModelManifest,
    Signature,
    parse_signatures,
    read_model_manifest,
)
from ekiben.store.pickles import CUSTOM_OBJECTS, dump_pickle, load_custom_objects
from ekiben.store.pins import Pins, means
from ekiben.store.plain import plain_labels, plain_mapping
from ekiben.store.receipt import Receipt, host_platform
from ekiben.store.seal import refuse_names
from ekiben.store.shelf import Shelf, model_shelf
from ekiben.store.staging import staging
from ekiben.store.summaries import Summary, model_summaries
from ekiben.store.usage import find_needs
from ekiben.tag import Tag

if TYPE_CHECKING:
    from ekiben.frameworks.runnable import Runnable
    from ekiben.frameworks.runner import Runner

__all__ = ["Model", "ModelContext", "ModelDraft", "ModelManifest", "ModelShelf", "Signature"]


class Model(StoredItem):
    """A model in the store. `tag` is exact; the manifest is read when first asked for."""

    # The room `frameworks`, which stands above this one, gives these.
    load_model: ClassVar[Callable[..., Any]]
    to_runnable: ClassVar[Callable[..., type[Runnable]]]
    to_runner: ClassVar[Callable[..., Runner]]

    @cached_property
    def manifest(self) -> ModelManifest:
        """What model.yaml says. Raises DamagedItem."""
        return read_model_manifest(self.path)

    @property
    def info(self) -> ModelManifest:
        """BentoML's name for the manifest."""
        return self.manifest

    @property
    def labels(self) -> Mapping[str, str]:
        """As they were given when it was saved."""
        return self.manifest.labels

    @property
    def metadata(self) -> Mapping[str, object]:
        """As it was given when it was saved."""
        return self.manifest.metadata

    @cached_property
    def custom_objects(self) -> dict[str, object]:
        """The Python objects saved beside the model. Reading them unpickles, which runs code of whoever saved them."""
        with disk_errors(self.path):
            return load_custom_objects(self.path)

    def to_row(self, summary: Summary) -> dict[str, object]:
        """What `list` tells of it."""
        return self._shown({"module": summary.module, "labels": dict(summary.labels)})

    def to_dict(self) -> dict[str, object]:
        """model.yaml in BentoML's shape, with tag, digest, creation time, size and path: what `models get` prints."""
        return self._shown(self.manifest.to_dict())


class ModelDraft:
    """A model while it is being saved: put files under `path`. Afterwards `model` and `tag` say what became of it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self._folder = folder
        self._model: Model | None = None

    @property
    def path(self) -> Path:
        """The folder to write into; once saved, the model's own, which nobody writes to."""
        return self._model.path if self._model else self._folder

    def path_of(self, *parts: str) -> Path:
        """A path inside `path`."""
        return path_inside(self.path, *parts)

    @property
    def model(self) -> Model:
        """The saved model. Raises StoreError while the `with` block is still open."""
        if self._model is None:
            raise StoreError(f"model `{self.name}` is not saved yet", hint="its tag is known after the `with` block")
        return self._model

    @property
    def tag(self) -> Tag:
        """The saved model's exact tag."""
        return self.model.tag


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """The models of a store; through `pins` where a Bento is loaded, else also by `aliases`, `(alias, tag)`."""

    layout: Layout
    pins: Pins | None = None
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def shelf(self) -> Shelf:
        """The folders."""
        return model_shelf(self.layout)

    def resolve(self, tag: str | Tag) -> Tag:
        """The exact tag that `tag` means. Raises ModelNotFound, AmbiguousTag, InvalidTag."""
        with disk_errors(self.layout.models):
            return self.shelf.resolve(self._asked(tag))

    def get(self, tag: str | Tag) -> Model:
        """The model that `tag` means. Raises as `resolve` does, and DamagedItem where a Bento pins other content."""
        with disk_errors(self.layout.models):
            model = self._model(*self.shelf.get(self._asked(tag)))
        if self.pins and self.pins.find(tag).digest != model.digest:
            raise DamagedItem(
                f"`{model.tag}` has other content than when Bento `{self.pins.bento}` was built",
                hint="bring the model back, or build the Bento again",
            )
        return model

    def tags(self, name: str) -> Sequence[Tag]:
        """The exact tags of `name`, damaged models too: what there is to delete."""
        with disk_errors(self.layout.models):
            return [tag for tag in self.shelf.tags(name) if self._is_seen(tag)]

    def list(self, tag: str | Tag | None = None) -> list[Model]:
        """All models, or those of a name, or with such a beginning of a version, newest first. Reads receipts alone."""
        shelf = self.shelf
        return [Model(exact, shelf.folder(exact), receipt) for exact, receipt in self.receipts(tag)]

    def receipts(self, tag: str | Tag | None = None) -> Sequence[tuple[Tag, Receipt]]:
        """The same without the models: exact tags and receipts."""
        with disk_errors(self.layout.models):
            found = self.shelf.items(None if tag is None else Tag.parse(tag))
        return [(exact, receipt) for exact, receipt in found if self._is_seen(exact)]

    def summaries(self, tags: Sequence[Tag]) -> Sequence[Summary | StoreError | NotFound]:
        """What a list tells of each one's manifest, or what is wrong with it: most are in the index."""
        found = model_summaries(self.layout).each(tags, is_whole=False)
        return [summary for _, summary in found]

    def delete(self, tag: str | Tag, force: bool = False) -> Tag:
        """Deletes one model and gives its tag. A prefix is refused. Raises InUse where a local Bento lists it, or
        will."""
        with disk_errors(self.layout.home):
            if not force:
                find_needs(self.layout, self._asked(tag))  # so that what is asked again under the lock is in the index
            return delete(
                self.shelf, self._asked(tag), check=lambda exact: None if force else self._require_free(exact)
            )

    @contextmanager
    def create(
        self,
        name: str | Tag,
        *,
        module: str = "",
        signatures: Mapping[str, object] | None = None,
        labels: Mapping[str, object] | None = None,
        options: Mapping[str, object] | None = None,
        metadata: Mapping[str, object] | None = None,
        context: ModelContext | None = None,
        version: str | None = None,
        custom_objects: Mapping[str, object] | None = None,
        external_modules: Sequence[ModuleType] = (),
        api_version: str = API_VERSION,
    ) -> Iterator[ModelDraft]:
        """Saves what the block puts into the draft; an error in the block saves nothing.

        `name` may be `name:version`. Raises VersionTaken for a named version that holds other content, UsageError for
        what a manifest cannot keep, StoreError where the disk refuses.
        """
        tag = _asked_tag(name, version)
        manifest = ModelManifest(
            name=tag.name,
            module=module,
            labels=plain_labels(labels or {}),
            options=plain_mapping(options or {}, "options"),
            metadata=plain_mapping(metadata or {}, "metadata"),
            context=context or ModelContext(),
            signatures=parse_signatures(signatures or {}),
            api_version=api_version,
        )
        started = time.monotonic()
        with staging(self.layout) as folder, disk_refusals(folder):
            draft = ModelDraft(tag.name, folder)
            yield draft
            if custom_objects:
                dump_pickle(folder / CUSTOM_OBJECTS, dict(custom_objects), external_modules)
            draft._model = self._save(folder, tag, manifest, started)

    def _save(self, folder: Path, tag: Tag, manifest: ModelManifest, started: float) -> Model:
        refuse_names(folder, MODEL_MANIFEST)
        details = {
            "duration_s": round(time.monotonic() - started, 3),
            "host": {"platform": host_platform()},
        }
        with disk_errors(folder):
            write_synced(folder / MODEL_MANIFEST, dump_document(manifest.to_dict()))
            return self._model(*commit(self.shelf, folder, tag, details))

    def _is_seen(self, tag: Tag) -> bool:
        return self.pins is None or any(entry.tag == tag for entry in self.pins.entries)

    def _require_free(self, tag: Tag) -> None:
        users = [str(bento) for bento in find_needs(self.layout, tag).of(tag)]
        if str(tag) in claimed_models(self.layout):
            users.append(CLAIMANT)
        if users:
            raise InUse(str(tag), users)

    def _asked(self, tag: str | Tag) -> Tag:
        if self.pins is None:
            meant = (known for alias, known in self.aliases if means(alias, tag))
            return Tag.parse(next(meant, tag))
        pinned = self.pins.find(tag).tag
        if not self.shelf.has(pinned):
            raise ModelNotFound(
                f"model `{pinned}` of Bento `{self.pins.bento}` is not in `{self.layout.models}`",
                hint="set EKIBEN_HOME to the store that the Bento was built in",
            )
        return pinned

    def _model(self, tag: Tag, receipt: Receipt) -> Model:
        return Model(tag, self.shelf.folder(tag), receipt)


def _asked_tag(name: str | Tag, version: str | None) -> Tag:
    tag = Tag.parse(name)
    if version is None:
        return tag
    if tag.version not in (None, version):
        raise UsageError(f"`{tag}` and version `{version}` contradict each other")
    return named_version(tag.name, version)
