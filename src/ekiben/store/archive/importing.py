"""An archive into the store: unpacked into staging, checked to the last byte, then committed, models before the Bento.

Whatever is wrong, and whenever the process is killed, the store has the item whole or not at all, and a Bento never
without its models. A version that is there with the same content stays as it is; with other content it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ekiben.errors import ArchiveError
from ekiben.report import Reporter
from ekiben.store.archive.committing import Arrival, commit_parcel
from ekiben.store.archive.formats import BENTO, MODEL, ArchiveFormat, ItemKind
from ekiben.store.archive.from_bentoml import Conversion, convert, is_from_bentoml
from ekiben.store.archive.incoming import kind_of, open_parcel
from ekiben.store.archive.limits import Limits
from ekiben.store.archive.places import Place
from ekiben.store.archive.tree import Tree
from ekiben.store.archive.unpacking import unpack
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.bentos import Bento, moving_hint
from ekiben.store.disk import disk_errors
from ekiben.store.layout import Layout
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.receipt import Receipt
from ekiben.store.shelf import bento_shelf, model_shelf
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
        return commit_parcel(conversion.parcel, store.layout, scratch, request.policy, _arrival(place))


def _arrival(place: Place) -> Arrival:
    remedy = "import that model first, or export the Bento with its models"
    return Arrival("import", "in the archive", remedy, {"imported": {"from": place.file_name}})


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
