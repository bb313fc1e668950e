"""`deliver`: a finished image, or an index of several, goes to a layout, an archive, an engine's storage or a registry.

Archives and engines hold one platform of an image: `outputs` has refused several before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from ekiben.digest import Digest
from ekiben.errors import EngineFailed, EngineUnavailable
from ekiben.oci.docker_archive import count_known_layers, docker_archive, save_docker_archive
from ekiben.oci.image import Image
from ekiben.oci.image_index import AnyImage, images_of
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.packager.image.engines import docker_api
from ekiben.packager.image.engines.built_image import built_image
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.engines.podman_cli import find_podman, image_layers
from ekiben.packager.image.engines.podman_storage import load_archive
from ekiben.packager.image.native.outputs import Output
from ekiben.packager.registries import open_registry
from ekiben.report import Reporter
from ekiben.store.disk import disk_errors

NAME = "native"

_ELSEWHERE = "free some space, or name another place with `--output`"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An image on its way: `references` are its names, `mounts` say of blobs in which other repositories of the same
    registry they may be. `uploads` is the store's folder of uploads that did not end."""

    image: AnyImage
    output: Output
    references: tuple[str, ...]
    environ: Mapping[str, str]
    mounts: Mapping[Digest, tuple[str, ...]]
    uploads: Path

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


def require_taker(output: Output, environ: Mapping[str, str]) -> None:
    """Raises EngineUnavailable before anything is made that nobody would take."""
    hint = "make the image without an engine: `--output oci:DIR`, `--output docker-archive:FILE` or `--push`"
    try:
        if output.kind == "podman":
            find_podman("podman", environ)
        elif output.kind == "engine":
            with docker_api.connect(environ):
                return
    except EngineUnavailable as error:
        raise EngineUnavailable(error.message, hint=f"{error.hint}; or {hint}") from error


def deliver(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    """Brings the image where it shall go. Raises ImageError and its kinds, RegistryError, OSError."""
    match delivery.output.kind:
        case "layout":
            return _to_layout(delivery, reporter)
        case "archive":
            return _to_archive(delivery, reporter)
        case "engine":
            return _to_engine(delivery, reporter)
        case "podman":
            return _to_podman(delivery, reporter)
        case "registry":
            return _to_registry(delivery, reporter)
        case _:
            assert_never(delivery.output.kind)


def _to_layout(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    path = delivery.output.path
    assert path is not None, "a layout has a path"
    names = [delivery.output.name] if delivery.output.name else [one.familiar for one in delivery.parsed]
    with disk_errors(path, _ELSEWHERE), reporter.task(f"writing `{path}`", delivery.size_bytes * len(names)) as task:
        for name in names:
            Layout(path).add(delivery.image, name, advance=task.advance)
    return _built(delivery, [f"oci:{path}:{name}" for name in names])


def _to_archive(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    path = delivery.output.path
    assert path is not None, "an archive has a path"
    with disk_errors(path, _ELSEWHERE), reporter.task(f"writing `{path}`", delivery.size_bytes) as task:
        save_docker_archive(delivery.only_image, delivery.parsed, path, advance=task.advance)
    return _built(delivery, [f"docker-archive:{path}"])


def _to_engine(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    """Hands over the layers above those that the engine has. Another client may take these away meanwhile."""
    config = delivery.only_image.config
    with docker_api.connect(delivery.environ, timeout_s=docker_api.LOAD_TIMEOUT_S) as client:
        images = docker_api.layers_of_images(client, config.labels)
        there = ([Digest.parse(one) for one in layers] for layers in images)
        most = len(config.diff_ids) - 1  # an edit changes the last alone, which is small
        known = count_known_layers(config.diff_ids, there, enough=most)
        try:
            _load(delivery, client, known, reporter)
        except EngineFailed:
            if known == 0:
                raise
            _load(delivery, client, 0, reporter)
        return docker_api.look_at_image(client, delivery.references[0], delivery.references, NAME)


def _load(delivery: Delivery, client: docker_api.EngineClient, known: int, reporter: Reporter) -> None:
    sent = delivery.only_image.manifest.layers[known:]
    with reporter.task("handing the image to the engine", sum(one.size_bytes for one in sent)) as task:
        pieces = docker_archive(delivery.only_image, delivery.parsed, known_layers=known, advance=task.advance)
        docker_api.load_archive(client, pieces)


def _to_podman(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    image, program = delivery.only_image, find_podman("podman", delivery.environ)
    with reporter.task("handing the image to podman", delivery.size_bytes) as task:
        load_archive(delivery.environ, docker_archive(image, delivery.parsed, is_layout=False, advance=task.advance))
    image_id = str(image.manifest.config.digest)
    layers = image_layers(program, image_id.removeprefix("sha256:"), delivery.environ)
    size_bytes = sum(layer.size_bytes for layer in layers)
    return BuiltImage(id=image_id, references=delivery.references, size_bytes=size_bytes, layers=layers, engine=NAME)


def _to_registry(delivery: Delivery, reporter: Reporter) -> BuiltImage:
    for reference in delivery.parsed:
        registry = open_registry(reference.host, delivery.environ, delivery.uploads)
        pushed = registry.push_image(delivery.image, reference, delivery.mounts, reporter)
        reporter.info(f"pushed `{reference.familiar}`: {pushed.sent_bytes} bytes were sent")
    return _built(delivery, [f"{one.familiar}@{delivery.image.digest}" for one in delivery.parsed])


def _built(delivery: Delivery, references: Iterable[str]) -> BuiltImage:
    return built_image(delivery.image, references, NAME)
