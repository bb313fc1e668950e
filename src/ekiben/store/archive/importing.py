"""An archive into the store: unpacked into staging, checked to the last byte, then committed, models before the Bento.

Whatever is wrong, and whenever the process is killed, the store has the item whole or not at all, and a Bento never
without its models. A version that is there with the same content stays as it is; with other content it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ekiben.errors import ArchiveError, ModelNotFound, VersionTaken
from ekiben.report import Reporter
from ekiben.store.admission import require_signed
from ekiben.store.archive.formats import BENTO, MODEL, ArchiveFormat, ItemKind
from ekiben.store.archive.from_bentoml import Conversion, convert, is_from_bentoml
from ekiben.store.archive.incoming import Incoming, Parcel, kind_of, open_parcel
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.places import Place
from ekiben.store.archive.tree import Tree
from ekiben.store.archive.unpacking import unpack
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.bentos import Bento, moving_hint
from ekiben.store.changes import commit
from ekiben.store.claims import claim
from ekiben.store.disk import disk_errors
from ekiben.store.layout import Layout
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.receipt import Receipt, host_platform, read_details
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.store.signatures import Subject
from ekiben.store.sums import SUMS
from ekiben.store.usage import require_models
from ekiben.store.verify import check_address
from ekiben.tag import Tag
from ekiben.trust.policy import Policy

_SHOWN = 12  # parts without a place that a message names


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`source` is a path or URL. Its form is told from its bytes; `form` only refuses another.

    `policy` is what the settings want signed; `options` are the URL's backend's.
    """

    source: str
    form: ArchiveFormat | None = None
    limits: Limits = field(default_factory=Limits)
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    policy: Policy | None = None


def import_model(request: ImportRequest, *, store: Store, reporter: Reporter) -> Model:
    """The model in an archive, now in the store. Raises ArchiveError, VersionTaken, StoreError, RemoteError."""
    tag, receipt = _import(request, MODEL, store, reporter)
    return Model(tag, model_shelf(store.layout).folder(tag), receipt)


def import_bento(request: ImportRequest, *, store: Store, reporter: Reporter) -> Bento:
    """The Bento in an archive, with the models that came along. Raises the same, and ModelNotFound for other models."""
    tag, receipt = _import(request, BENTO, store, reporter)
    return Bento(tag, bento_shelf(store.layout).folder(tag), receipt)


def _import(request: ImportRequest, kind: ItemKind, store: Store, reporter: Reporter) -> tuple[Tag, Receipt]:
    place = Place.parse(request.source, request.options)
    with store.scratch() as scratch, disk_errors(scratch):
        with _said_of(place):
            tree = unpack(place, scratch, form=request.form, limits=request.limits, reporter=reporter)
            conversion = _open(tree, kind, scratch / "models", store.layout)
        _tell(conversion, reporter)
        parcel = conversion.parcel
        _require_place(parcel, store.layout)
        if request.policy:
            _require_signed(parcel, request.policy)
        claim(store.layout, scratch, [entry.tag for entry in parcel.item.models])
        for model in parcel.models:
            _commit(model, store.layout, place)
        return _commit(parcel.item, store.layout, place)


@contextmanager
def _said_of(place: Place) -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise ArchiveError(f"`{place}` cannot be imported: {error}", hint=error.hint) from error


def _open(tree: Tree, kind: ItemKind, models_folder: Path, layout: Layout) -> Conversion:
    found = kind_of(tree)
    if found is not kind:
        raise ArchiveError(f"it holds a {found.noun}", hint=f"use `{found.command}`")
    if not is_from_bentoml(tree):
        return Conversion(open_parcel(tree, models_folder))
    return convert(tree, models_folder, lambda tag: _stored(tag, layout))


def _stored(tag: Tag, layout: Layout) -> BentoModelEntry | None:
    receipt = model_shelf(layout).receipt(tag) if tag.is_exact else None
    return BentoModelEntry(tag, receipt.digest) if receipt else None


def _tell(conversion: Conversion, reporter: Reporter) -> None:
    tag = conversion.parcel.item.tag
    if conversion.dropped:
        more = f" and {len(conversion.dropped) - _SHOWN} more" if len(conversion.dropped) > _SHOWN else ""
        reporter.warn(f"`{tag}` comes from BentoML; left out: {', '.join(conversion.dropped[:_SHOWN])}{more}")
    if conversion.imports:
        reporter.warn(
            f"the source of `{tag}` imports bentoml: {', '.join(f'`{one}`' for one in conversion.imports)}",
            hint=moving_hint(tag),
        )


def _require_place(parcel: Parcel, layout: Layout) -> None:
    """Everything that can be refused is refused before anything is committed."""
    for one in (*parcel.models, parcel.item):
        standing = _shelf(one.kind, layout).receipt(one.tag)
        if standing and standing.digest != one.digest:
            hint = f"delete that {one.kind.noun} first, or import into another store (EKIBEN_HOME)"
            raise VersionTaken(str(one.tag), hint)
    carried = {model.tag for model in parcel.models}
    for entry in parcel.item.models:
        stored = model_shelf(layout).receipt(entry.tag)
        if entry.tag not in carried and (stored is None or stored.digest != entry.digest):
            raise ModelNotFound(
                f"model `{entry.tag}` of `{parcel.item.tag}` is neither in the archive nor in the store",
                hint="import that model first, or export the Bento with its models",
            )


def _require_signed(parcel: Parcel, policy: Policy) -> None:
    for one in (parcel.item, *(parcel.models if policy.each_model else ())):
        kind: Literal["Bento", "model"] = "Bento" if one.kind is BENTO else "model"
        require_signed(Subject(kind, str(one.tag), one.folder, one.digest), policy)


def _commit(item: Incoming, layout: Layout, place: Place) -> tuple[Tag, Receipt]:
    shelf = _shelf(item.kind, layout)
    (item.folder / SUMS).unlink()  # sealing writes it anew, from the bytes that are on the disk now

    def check() -> None:
        check_address(item.folder, item.digest, f"`{item.tag}`")
        require_models(layout, item.models)

    details = _details(item, shelf, place)
    return commit(shelf, item.folder, item.tag, details, executables=item.executables, check=check)


def _details(item: Incoming, shelf: Shelf, place: Place) -> Mapping[str, object]:
    """The receipt of a version that is there tells of its making here, which an import is not."""
    if shelf.receipt(item.tag):
        return read_details(shelf.folder(item.tag))
    return {"imported": {"from": place.file_name}, "host": {"platform": host_platform()}, **item.details}


def _shelf(kind: ItemKind, layout: Layout) -> Shelf:
    return bento_shelf(layout) if kind is BENTO else model_shelf(layout)
