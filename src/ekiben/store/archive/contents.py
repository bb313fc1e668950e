"""What goes into the archive of an item: its files under their own paths, and for a Bento its models.

ekiben-archive.yaml          first
SHA256SUMS, bento.yaml, ...  the item, byte for byte, without its receipt: that tells of a making, not of content
signatures/                  where it is signed
ekiben-offline/              what its image is made of, where that was asked for
models/<name>/<version>/     each model that the Bento lists, once
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from ekiben.errors import ArchiveError, DamagedItem, StoreError
from ekiben.store.archive.formats import BENTO, MODEL
from ekiben.store.archive.index import INDEX, ArchiveIndex
from ekiben.store.archive.member import Member
from ekiben.store.archive.names import why_no_archive
from ekiben.store.archive.offline import OfflineParts
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.item import StoredItem
from ekiben.store.models import Model
from ekiben.store.sums import SIGNATURES, SUMS, is_signature, parse_sums
from ekiben.store.verify import check_address

MODELS = "models"  # of a Bento's archive, as in BentoML's


def model_members(model: Model) -> list[Member]:
    """The archive of a model, in order. Raises DamagedItem, StoreError, and ArchiveError for names that none takes."""
    index = ArchiveIndex(MODEL, model.tag, model.digest)
    return _in_order(index, _item_members(model, "", ()))


def bento_members(bento: Bento, models: Iterable[Model], offline: OfflineParts | None = None) -> list[Member]:
    """The archive of a Bento with these models and parts of its image. Raises as `model_members` does."""
    inside = sorted(models, key=lambda model: model.tag)
    own = _item_members(bento, "", bento.manifest.executables)
    if any(member.path.startswith(f"{MODELS}/") for member in own):
        raise StoreError(f"`{bento.tag}` has a folder `{MODELS}`, where its archive has the models")
    carried = [one for model in inside for one in _item_members(model, _prefix(model), ())]
    parts, platforms = (offline.members, offline.platforms) if offline else ((), ())
    index = ArchiveIndex(BENTO, bento.tag, bento.digest, tuple(model.tag for model in inside), platforms)
    return _in_order(index, [*own, *carried, *parts])


def _prefix(model: Model) -> str:
    return f"{MODELS}/{model.tag.name}/{model.tag.version}/"


def _in_order(index: ArchiveIndex, members: list[Member]) -> list[Member]:
    content = index.to_yaml()
    ordered = [Member(INDEX, content, len(content)), *sorted(members, key=lambda member: member.path)]
    _require_portable(index, ordered)
    return ordered


def _require_portable(index: ArchiveIndex, members: Iterable[Member]) -> None:
    """A store keeps every name that its file system takes; an archive is for all of them."""
    reason = why_no_archive(member.path for member in members)
    if reason:
        making = "build" if index.kind is BENTO else "save"
        raise ArchiveError(
            f"`{index.tag}` cannot be exported: {reason}", hint=f"name that file otherwise, and {making} it again"
        )


def _item_members(item: StoredItem, prefix: str, executables: Collection[str]) -> list[Member]:
    check_address(item.path, item.digest, f"`{item.tag}`")
    with disk_errors(item.path):
        sums = parse_sums((item.path / SUMS).read_bytes())
        hashed = [
            Member(f"{prefix}{path}", item.path / path, _size(item.path / path), path in executables, digest)
            for path, digest in sums.items()
        ]
        beside = [Member(f"{prefix}{path}", item.path / path, _size(item.path / path)) for path in _beside(item.path)]
    return [*hashed, *beside]


def _beside(folder: Path) -> list[str]:
    """The files that belong to an item and are not hashed, less the receipt."""
    found = (path for path in (folder / SIGNATURES).glob("*") if path.is_file() and not path.is_symlink())
    return [SUMS, *filter(is_signature, (f"{SIGNATURES}/{path.name}" for path in sorted(found)))]


def _size(path: Path) -> int:
    if path.is_symlink() or not path.is_file():
        raise DamagedItem(f"`{path}` is missing", hint="delete the item and save or build it again")
    return path.lstat().st_size
