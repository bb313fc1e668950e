"""The layers of models that other tools made: modctl, KitOps, Harbor, AIKit, Docker Model Runner.

A raw layer is one file, whose path an annotation tells; a tar tells the names itself, as modctl and KitOps unpack it.
Sources: model-spec, docs/spec.md and docs/annotations.md (`cnai` was the prefix of its drafts); OCI image-spec,
annotations.md, for the title by which oras names files.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor
from ekiben.oci.json_object import Fields
from ekiben.oci.media_types import LAYERS
from ekiben.store.archive.names import NameRegister, check_path, shown
from ekiben.store.remote.artifacts.artifact import ArtifactLayer, Form

_LAYER = re.compile(
    r"application/vnd\.(?:cncf|cnai)\.model\.(?:weight|weight\.config|config|doc|code|dataset|layer)"
    r"\.v1\.(raw|tar|tar\+gzip|tar\+zstd)"
)
_FORMS: dict[str, Form] = {"raw": "raw", "tar": "tar", "tar+gzip": "tar+gzip", "tar+zstd": "tar+zstd"}
_PASSED_OVER = "application/vnd.kitops.modelkit."  # KitOps' own description of what it packed
_PATHS = ("org.cncf.model.filepath", "org.cnai.model.filepath", "org.opencontainers.image.title")
_METADATA = ("org.cncf.model.file.metadata+json", "org.cnai.model.file.metadata+json")


def read_foreign_layers(blobs: Sequence[Descriptor]) -> tuple[ArtifactLayer, ...]:
    """The layers, in their order. Raises ImageError, ArchiveError for one that is no model's, or without a safe name.
    Files may be one blob, where their bytes are the same; a tar is there once, and is no file beside that."""
    register = NameRegister()
    layers = [_layer(blob, register) for blob in blobs if not blob.media_type.startswith(_PASSED_OVER)]
    tars = [one.blob.digest for one in layers if one.form != "raw"]
    files = {one.blob.digest for one in layers if one.form == "raw"}
    if len(set(tars)) != len(tars) or not files.isdisjoint(tars):
        raise ImageError("a layer that is a tar is there twice")
    if not layers:
        raise ImageError("it has no layers of a model")
    return tuple(layers)


def _layer(blob: Descriptor, register: NameRegister) -> ArtifactLayer:
    form = _form_of(blob.media_type)
    if form != "raw":
        return ArtifactLayer(blob, form)
    path = check_path(_path_of(blob))
    register.add_file(path)
    return ArtifactLayer(blob, form, path)


def _form_of(media_type: str) -> Form:
    if media_type in LAYERS:
        return _FORMS[LAYERS[media_type]]
    match = _LAYER.fullmatch(media_type)
    if match is None:
        raise ImageError(f"a layer is of type `{shown(media_type)}`, which is none of a model")
    return _FORMS[match[1]]


def _path_of(blob: Descriptor) -> str:
    told = _metadata(blob)
    path = next((blob.annotations[key] for key in _PATHS if blob.annotations.get(key)), told.get("name", ""))
    if not isinstance(path, str) or not path:
        raise ImageError(f"the layer `{blob.digest}` is a file, and no annotation says which")
    size_bytes = told.get("size")
    if size_bytes is not None and size_bytes != blob.size_bytes:
        raise ImageError(f"the layer `{blob.digest}` has {blob.size_bytes} bytes, and its metadata says {size_bytes!a}")
    return path.removeprefix("./")


def _metadata(blob: Descriptor) -> dict[str, object]:
    text = next((blob.annotations[key] for key in _METADATA if blob.annotations.get(key)), "")
    return Fields.parse(text.encode(), f"the metadata of the layer `{blob.digest}`").rest() if text else {}
