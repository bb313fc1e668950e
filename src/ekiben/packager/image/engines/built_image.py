"""`built_image`: what is told of an OCI image, or of an index, once it is where it shall be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ekiben.digest import Digest
from ekiben.oci.image import Image
from ekiben.oci.image_index import AnyImage, images_of
from ekiben.packager.image.engines.engine import BuiltImage, ImageLayer


def built_image(image: AnyImage, references: Iterable[str], engine: str) -> BuiltImage:
    """The image under these references, known by its digest; its size is that of all blobs, each once."""
    return BuiltImage(
        id=str(image.digest),
        references=tuple(references),
        size_bytes=sum(blob.size_bytes for blob in image.blobs),
        layers=_told_layers(images_of(image)),
        engine=engine,
    )


def _told_layers(images: Sequence[Image]) -> tuple[ImageLayer, ...]:
    """Every layer once, with the platforms in front that it is for where it is not for all."""
    platforms: dict[Digest, dict[str, None]] = {}
    told: dict[Digest, ImageLayer] = {}
    for image in images:
        words = [entry.created_by for entry in image.config.history if not entry.is_empty]
        known = words if len(words) == len(image.layers) else [""] * len(image.layers)
        for created_by, layer in zip(known, image.layers, strict=True):
            platforms.setdefault(layer.digest, {})[str(image.config.platform)] = None
            told[layer.digest] = ImageLayer(created_by, layer.size_bytes)
    return tuple(
        layer if len(platforms[digest]) == len(images) else _of(platforms[digest], layer)
        for digest, layer in told.items()
    )


def _of(platforms: Iterable[str], layer: ImageLayer) -> ImageLayer:
    return replace(layer, created_by=f"{', '.join(platforms)}: {layer.created_by or '(base image)'}")
