"""What a Bento's archive has for a machine without a network: wheels and base images, and what is asked of them there.

ekiben-offline/wheels/<file>.whl     named by hash in a lock of the Bento, which its digest covers
ekiben-offline/bases/                an OCI layout of the images that the Bento stands on, and of nothing else

Who takes a wheel or a blob from there holds it to its digest once more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import ArchiveError, ImageError, NotFound
from ekiben.store.archive.member import Member
from ekiben.store.archive.names import shown
from ekiben.store.archive.tree import Tree
from ekiben.store.sums import OFFLINE_BASES, OFFLINE_WHEELS, is_offline, offline_blob

_MAX_TEXT_BYTES = 64 * 1024**2  # of a lock or the layout's index, which are read whole
_LOCK = re.compile(r"env/python/requirements[^/]*\.lock")
_HASH = re.compile(rb"sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class OfflineParts:
    """Files below `ekiben-offline/`, of which the image of each of `platforms` can be made."""

    platforms: tuple[str, ...]
    members: tuple[Member, ...]


def check_offline(tree: Tree) -> bool:
    """Whether the Bento in `tree` came with such parts. Raises ArchiveError where one is not what it is called, or
    nothing of the Bento's asks for it, or one is missing."""
    paths = [path for path in tree if is_offline(path)]
    for path in paths:
        blob = offline_blob(path)
        if blob not in (None, tree[path].digest.hex):
            raise ArchiveError(f"`{path}` has other bytes than its name says")
    _check_wheels(tree, [path for path in paths if path.startswith(f"{OFFLINE_WHEELS}/")])
    if paths:
        _check_bases(tree, {str(offline_blob(path)) for path in paths if offline_blob(path)})
    return bool(paths)


def _check_wheels(tree: Tree, wheels: list[str]) -> None:
    locks = [path for path in tree if _LOCK.fullmatch(path)] if wheels else []
    named = {one.decode() for path in locks for one in _HASH.findall(_small(tree, path))}
    for path in wheels:
        if tree[path].digest.hex not in named:
            raise ArchiveError(f"`{shown(path)}` is no wheel that the Bento is locked to")


def _check_bases(tree: Tree, blobs: set[str]) -> None:
    for name in ("oci-layout", "index.json"):
        _small(tree, f"{OFFLINE_BASES}/{name}")
    try:
        named = _named(tree.folder / OFFLINE_BASES)
    except (ImageError, NotFound) as error:
        raise ArchiveError(str(error).replace(f"{tree.folder}/", "")) from error
    if named != blobs:
        what = "lacks a blob of its images" if named - blobs else "has blobs that are of no image"
        raise ArchiveError(f"its `{OFFLINE_BASES}` {what}: `{min(named ^ blobs)}`")


def _named(folder: Path) -> set[str]:
    """The sha256 of all that the names in an OCI layout lead to."""
    from ekiben.oci.layout import Layout  # images do not carry it

    layout = Layout(folder)
    documents = {one.digest for one in layout.descriptors()}
    images = [image for name in layout.names() for image in layout.images(name)]
    blobs = {blob.digest for image in images for blob in image.blobs}
    return {one.hex for one in documents | blobs | {image.digest for image in images}}


def _small(tree: Tree, path: str) -> bytes:
    if path not in tree:
        raise ArchiveError(f"`{path}` is missing in it")
    if tree[path].size_bytes > _MAX_TEXT_BYTES:
        raise ArchiveError(f"`{path}` in it is larger than {_MAX_TEXT_BYTES:,} bytes")
    return (tree.folder / path).read_bytes()
