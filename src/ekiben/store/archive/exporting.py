"""A model or a Bento out of the store, into an archive, which is complete or not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ekiben.errors import ModelNotFound
from ekiben.report import Reporter
from ekiben.store.archive.contents import bento_members, model_members
from ekiben.store.archive.formats import BENTO, MODEL, ArchiveFormat, ItemKind
from ekiben.store.archive.member import Member
from ekiben.store.archive.new_file import new_folder
from ekiben.store.archive.offline import OfflineParts
from ekiben.store.archive.places import ANOTHER_PLACE, Place, destination, writing
from ekiben.store.archive.writing import write_archive, write_folder
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.shelf import model_shelf
from ekiben.tag import Tag


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """`destination` is a path or URL: a file, a folder to put one into, or without a suffix the file's name without it.

    `form` is told from the suffix where it is None. `options` are the URL's backend's.
    """

    tag: str | Tag
    destination: str = "."
    form: ArchiveFormat | None = None
    options: Mapping[str, object] = field(default_factory=dict, repr=False)


def export_model(request: ExportRequest, *, store: Store, reporter: Reporter) -> str:
    """Writes a model's archive; gives its path or URL. Raises ModelNotFound, DamagedItem, StoreError, RemoteError."""
    model = store.models.get(request.tag)
    return _export(request, model.tag, MODEL, model_members(model), reporter)


def export_bento(
    request: ExportRequest,
    *,
    with_models: bool = True,
    offline: OfflineParts | None = None,
    store: Store,
    reporter: Reporter,
) -> str:
    """The same for a Bento, with the models that it lists unless told otherwise; `offline` are what else goes along."""
    bento = store.bentos.get(request.tag)
    models = _models_of(bento, store) if with_models else ()
    return _export(request, bento.tag, BENTO, bento_members(bento, models, offline), reporter)


def _models_of(bento: Bento, store: Store) -> list[Model]:
    """By exact tag and digest, whatever Bento is loaded: the models are this one's."""
    shelf = model_shelf(store.layout)
    found: dict[Tag, Model] = {}
    for entry in bento.manifest.models:
        with disk_errors(shelf.root):
            receipt = shelf.receipt(entry.tag)
        if receipt is None or receipt.digest != entry.digest:
            state = "is not in the store" if receipt is None else "has other content"
            raise ModelNotFound(
                f"model `{entry.tag}` of `{bento.tag}` {state}",
                hint="bring it back, or export the Bento with --without-models",
            )
        found[entry.tag] = Model(entry.tag, shelf.folder(entry.tag), receipt)
    return list(found.values())


def _export(request: ExportRequest, tag: Tag, kind: ItemKind, members: Sequence[Member], reporter: Reporter) -> str:
    place, form = destination(Place.parse(request.destination, request.options), tag, kind, request.form)
    total = sum(member.size_bytes for member in members)
    with reporter.task(f"exporting {tag}", total) as task:
        if form is ArchiveFormat.folder and place.path:
            with disk_errors(place.path, ANOTHER_PLACE), new_folder(place.path.absolute()) as folder:
                write_folder(members, folder, task.advance)
        else:
            with writing(place) as sink:
                write_archive(members, sink, form, task.advance)
    return str(place)
