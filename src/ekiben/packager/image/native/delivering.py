"""`deliver`: a finished image, or an index of several, goes to a layout, an archive, the Docker engine or a registry.

Archive and engine hold one platform of an image: `outputs` has refused several before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from ekiben.digest import Digest
from ekiben.errors import EngineFailed
from ekiben.oci.docker_archive import count_known_layers, docker_archive, save_docker_archive
from ekiben.oci.image import Image
from ekiben.oci.image_index import AnyImage, images_of
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.engines import docker_api
from ekiben.packager.image.engines.engine import BuiltImage, ImageLayer
from ekiben.packager.image.native.outputs import Output
from ekiben.report import Reporter

NAME = "native"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An image on its way: `references` are its names, `mounts` say of blobs in which other repositories of the same
    registry they may be."""

    image: AnyImage
    output: Output
    references: tuple[str, ...]
    environ: Mapping[str, str]
    mounts: Mapping[Digest, tuple[str, ...]]

    @property
    def parsed(self) -> list[Reference]:
        """The names as references."""
        return [Reference.parse(one) for one in self.references]

    @property
    def only_image(self) -> Image:
        """The image where there is one for a single platform."""
        (image,) = images_of(self.image)
        return image

    @property
    def size_bytes(self) -> int:
        """Of all blobs, each once."""
        return sum(blob.size_bytes for blob in self.image.blobs)


def deliver(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    """Brings the image where it shall go. Raises ImageError and its kinds, RegistryError, OSError."""
    match delivery.output.kind:
        case "layout":
            return _to_layout(delivery, reporter)
        case "archive":
            return _to_archive(delivery, reporter)
        case "engine":
            return _to_engine(delivery, reporter)
        case "registry":
            return _to_registry(delivery, reporter)
        case _:
            assert_never(delivery.output.kind)


def _to_layout(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    path = delivery.output.path
    assert path is not None, "a layout has a path"
    names = [delivery.output.name] if delivery.output.name else [one.familiar for one in delivery.parsed]
    with reporter.task(f"writing `{path}`", delivery.size_bytes * len(names)) as task:
        for name in names:
            Layout(path).add(delivery.image, name, advance=task.advance)
    return _built(delivery, [f"oci:{path}:{name}" for name in names])


def _to_archive(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    path = delivery.output.path
    assert path is not None, "an archive has a path"
    with reporter.task(f"writing `{path}`", delivery.size_bytes) as task:
        save_docker_archive(delivery.only_image, delivery.parsed, path, advance=task.advance)
    return _built(delivery, [f"docker-archive:{path}"])


def _to_engine(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    """Hands over the layers above those that the engine has. Another client may take these away meanwhile."""
    with docker_api.connect(delivery.environ) as client:
        there = [[Digest.parse(one) for one in layers] for layers in docker_api.layers_of_images(client)]
    known = count_known_layers(delivery.only_image.config.diff_ids, there)
    try:
        _load(delivery, known, reporter)
    except EngineFailed:
        if known == 0:
            raise
        _load(delivery, 0, reporter)
    image_id = str(delivery.only_image.manifest.config.digest)
    with docker_api.connect(delivery.environ) as client:
        return docker_api.look_at_image(client, image_id, delivery.references, NAME)


def _load(delivery: Delivery, known: int, reporter: Reporter) -> None:
    sent = delivery.only_image.manifest.layers[known:]
    with reporter.task("handing the image to the engine", sum(one.size_bytes for one in sent)) as task:
        pieces = docker_archive(delivery.only_image, delivery.parsed, known_layers=known, advance=task.advance)
        docker_api.load_archive(delivery.environ, pieces)


def _to_registry(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    for reference in delivery.parsed:
        registry = Registry.open(reference.host, environ=delivery.environ)
        pushed = registry.push_image(delivery.image, reference, delivery.mounts, reporter)
        reporter.info(f"pushed `{reference.familiar}`: {pushed.sent_bytes} bytes were sent")
    return _built(delivery, [f"{one.familiar}@{delivery.image.digest}" for one in delivery.parsed])


def _built(delivery: Delivery, references: Sequence[str]) -> BuiltImage:
    return BuiltImage(
        id=str(delivery.image.digest),
        references=tuple(references),
        size_bytes=delivery.size_bytes,
        layers=_told_layers(images_of(delivery.image)),
        engine=NAME,
    )


def _told_layers(images: Sequence[Image]) -> tuple[ImageLayer, ...]:
    """Every layer once, with the platforms in front that it is for where it is not for all."""
    platforms: dict[Digest, dict[str, None]] = {}
    told: dict[Digest, ImageLayer] = {}
    for image in images:
        words = [entry.created_by for entry in image.config.history if not entry.is_empty]
        for created_by, layer in zip(words, image.layers, strict=True):
            platforms.setdefault(layer.digest, {})[str(image.config.platform)] = None
            told[layer.digest] = ImageLayer(created_by, layer.size_bytes)
    return tuple(
        layer if len(platforms[digest]) == len(images) else _of(platforms[digest], layer)
        for digest, layer in told.items()
    )


def _of(platforms: Iterable[str], layer: ImageLayer) -> ImageLayer:
    return replace(layer, created_by=f"{', '.join(platforms)}: {layer.created_by or '(base image)'}")
