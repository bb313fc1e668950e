"""Items that were brought here become the store's: refused or committed, models before the Bento.

The last step of an import and of a pull. Whatever is wrong, and whenever the process is killed, the store has the item
whole or not at all, and a Bento never without its models.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ModelNotFound, VersionTaken
from ekiben.store.admission import require_signed
from ekiben.store.archive.formats import BENTO, ItemKind
from ekiben.store.archive.incoming import Incoming, Parcel
from ekiben.store.changes import commit
from ekiben.store.claims import claim
from ekiben.store.layout import Layout
from ekiben.store.receipt import Receipt, host_platform, read_details
from ekiben.store.shelf import Shelf, bento_shelf, model_shelf
from ekiben.store.signatures import Subject
from ekiben.store.sums import SUMS
from ekiben.store.usage import require_models
from ekiben.store.verify import check_address
from ekiben.tag import Tag
from ekiben.trust.policy import Policy


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an item came: `verb` and `carrier` are what messages say, `remedy` what helps where a model is missing;
    `receipt` tells of it for good."""

    verb: str
    carrier: str
    remedy: str
    receipt: Mapping[str, object]


def commit_parcel(
    parcel: Parcel, layout: Layout, scratch: Path, policy: Policy | None, arrival: Arrival
) -> tuple[Tag, Receipt]:
    """Puts the item and its models, which lie below the staging folder `scratch`, into the store.

    A version that is there with the same content stays as it is. Raises VersionTaken where it has other content,
    ModelNotFound where a model is neither here nor there, NotTrusted, StoreError, OSError.
    """
    _require_place(parcel, layout, arrival)
    if policy:
        _require_signed(parcel, policy)
    claim(layout, scratch, [entry.tag for entry in parcel.item.models])
    for model in parcel.models:
        _commit(model, layout, arrival)
    return _commit(parcel.item, layout, arrival)


def shelf_of(kind: ItemKind, layout: Layout) -> Shelf:
    """Where items of a kind are."""
    return bento_shelf(layout) if kind is BENTO else model_shelf(layout)


def find_standing(kind: ItemKind, tag: Tag, digest: Digest, layout: Layout, verb: str) -> Receipt | None:
    """The receipt of the version that is here with this content, None where it is not. Raises VersionTaken where it
    has other content."""
    standing = shelf_of(kind, layout).receipt(tag)
    if standing and standing.digest != digest:
        raise VersionTaken(str(tag), f"delete that {kind.noun} first, or {verb} into another store (EKIBEN_HOME)")
    return standing


def subject_of_incoming(item: Incoming) -> Subject:
    """An item that is not in the store yet, as what signatures are about."""
    return subject_in(item.folder, item.kind, item.tag, item.digest)


def subject_in(folder: Path, kind: ItemKind, tag: Tag, digest: Digest) -> Subject:
    """The item in any folder as what signatures are about."""
    return Subject("Bento" if kind is BENTO else "model", str(tag), folder, digest)


def _require_place(parcel: Parcel, layout: Layout, arrival: Arrival) -> None:
    """Everything that can be refused is refused before anything is committed."""
    for one in (*parcel.models, parcel.item):
        find_standing(one.kind, one.tag, one.digest, layout, arrival.verb)
    carried = {model.tag for model in parcel.models}
    for entry in parcel.item.models:
        stored = model_shelf(layout).receipt(entry.tag)
        if entry.tag not in carried and (stored is None or stored.digest != entry.digest):
            raise ModelNotFound(
                f"model `{entry.tag}` of `{parcel.item.tag}` is neither {arrival.carrier} nor in the store",
                hint=arrival.remedy,
            )


def _require_signed(parcel: Parcel, policy: Policy) -> None:
    for one in (parcel.item, *(parcel.models if policy.each_model else ())):
        require_signed(subject_of_incoming(one), policy)


def _commit(item: Incoming, layout: Layout, arrival: Arrival) -> tuple[Tag, Receipt]:
    shelf = shelf_of(item.kind, layout)
    (item.folder / SUMS).unlink()  # sealing writes it anew, from the bytes that are on the disk now

    def check() -> None:
        check_address(item.folder, item.digest, f"`{item.tag}`")
        require_models(layout, item.models)

    details = _details(item, shelf, arrival)
    return commit(shelf, item.folder, item.tag, details, executables=item.executables, known=item.known, check=check)


def _details(item: Incoming, shelf: Shelf, arrival: Arrival) -> Mapping[str, object]:
    """The receipt of a version that is there tells of its making here, which bringing it again is not."""
    if shelf.receipt(item.tag):
        return read_details(shelf.folder(item.tag))
    return {**arrival.receipt, "host": {"platform": host_platform()}, **item.details}
