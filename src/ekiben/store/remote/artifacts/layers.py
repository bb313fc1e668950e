"""The descriptors of an item's blobs: media type, where its one file lies, and where in the tar that is.

A model's layer has the types of CNCF ModelPack and says its file relative to the model. One of several files says the
folder that its tar holds, as KitOps does for folders: other tools unpack no layer without a path. A Bento's layer is an
ordinary layer of an image. Only a file that is worth it has a `part`: every byte of a manifest is sent again with each
version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.artifact_store import Part
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.media_types import OCI_LAYER
from ekiben.oci.tar_header import BLOCK_BYTES
from ekiben.store.archive.names import NameRegister, check_path, shown
from ekiben.store.remote.artifacts.artifact import ArtifactLayer
from ekiben.store.remote.artifacts.file_kinds import KINDS, kind_of_files
from ekiben.store.remote.item_blobs import ItemBlob
from ekiben.store.remote.packing import Pack

FILEPATH = "org.cncf.model.filepath"
PATH = "io.ekiben.path"  # the same of a Bento's file
PART = "io.ekiben.part"
PART_BYTES = 64 * 1024 * 1024  # files from this size on are fetched without the tar around them
_SEVERAL = "models"  # what the tars of models hold at their top
_END_BYTES = 2 * BLOCK_BYTES  # of a tar
_PART = re.compile(r"([1-9][0-9]{0,17}) ([1-9][0-9]{0,17}) ([0-9a-f]{64})")
_MODEL_TYPES = frozenset(f"application/vnd.cncf.model.{kind}.v1.tar" for kind in KINDS)


def model_descriptor(blob: ItemBlob) -> Descriptor:
    """A blob of a model as a layer: the same in the model's artifact and in those of Bentos."""
    paths = [one.path for one in blob.pack.files]
    where = paths[0] if len(paths) == 1 else _SEVERAL
    kind = f"application/vnd.cncf.model.{kind_of_files(paths)}.v1.tar"
    return Descriptor(kind, blob.layer.digest, blob.layer.size_bytes, {FILEPATH: where, **_part_of(blob.pack)})


def bento_descriptor(blob: ItemBlob) -> Descriptor:
    """A blob of a Bento's own as a layer."""
    part = _part_of(blob.pack)
    where = {PATH: blob.pack.files[0].path} if part else {}
    return Descriptor(OCI_LAYER, blob.layer.digest, blob.layer.size_bytes, {**where, **part})


def read_model_layers(blobs: Sequence[Descriptor]) -> tuple[ArtifactLayer, ...]:
    """The layers of a model that ekiben made. Raises ImageError, ArchiveError for what it never makes."""
    for blob in blobs:
        if blob.media_type not in _MODEL_TYPES:
            raise ImageError(f"a layer is of type `{shown(blob.media_type)}`, which ekiben does not make")
        if not blob.annotations.get(FILEPATH):
            raise ImageError(f"the layer `{blob.digest}` lacks the annotation `{FILEPATH}`")
    return _layers(blobs, [blob.annotations[FILEPATH] for blob in blobs])


def read_bento_layers(blobs: Sequence[Descriptor]) -> tuple[ArtifactLayer, ...]:
    """The layers of a Bento's own. Raises ImageError, ArchiveError for what ekiben never makes."""
    for blob in blobs:
        if blob.media_type != OCI_LAYER:
            raise ImageError(f"a layer is of type `{shown(blob.media_type)}`, which ekiben does not make")
    return _layers(blobs, [blob.annotations.get(PATH, "") for blob in blobs])


def check_unique(blobs: Iterable[Descriptor]) -> None:
    """Raises ImageError where one blob stands twice among the layers."""
    seen: set[Digest] = set()
    for blob in blobs:
        if blob.digest in seen:
            raise ImageError(f"the layer `{blob.digest}` is there twice")
        seen.add(blob.digest)


def _part_of(pack: Pack) -> dict[str, str]:
    part = pack.part
    if part is None or part.size_bytes < PART_BYTES:
        return {}
    return {PART: f"{part.offset} {part.size_bytes} {part.digest.hex}"}


def _layers(blobs: Sequence[Descriptor], paths: Sequence[str]) -> tuple[ArtifactLayer, ...]:
    register = NameRegister()
    layers = []
    for blob, path in zip(blobs, paths, strict=True):
        part = _read_part(blob)
        is_one = path not in ("", _SEVERAL) or part is not None
        if is_one:
            register.add_file(check_path(path))
        layers.append(ArtifactLayer(blob, "tar", path if is_one else "", part))
    return tuple(layers)


def _read_part(blob: Descriptor) -> Part | None:
    if blob.size_bytes % BLOCK_BYTES or blob.size_bytes < _END_BYTES:
        raise ImageError(f"the layer `{blob.digest}` is no tar: it has {blob.size_bytes} bytes")
    text = blob.annotations.get(PART)
    if text is None:
        return None
    match = _PART.fullmatch(text)
    if match is None:
        raise ImageError(f"`{PART}` of the layer `{blob.digest}` is no offset, size and sha256")
    part = Part(int(match[1]), int(match[2]), Digest(match[3]))
    rest = blob.size_bytes - part.offset - part.size_bytes - _END_BYTES
    if part.offset % BLOCK_BYTES or not 0 <= rest < BLOCK_BYTES:
        raise ImageError(f"`{PART}` of the layer `{blob.digest}` does not fit a tar of {blob.size_bytes} bytes")
    return part
