"""`open_base`: the image that a base's name leads to, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from ekiben.errors import ImageError, RegistryError
from ekiben.oci.descriptor import Platform
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.image.native.bases.engine_image import engine_image
from ekiben.packager.image.native.bases.facts import BaseFacts, known_facts
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.host.image import host_image
from ekiben.report import Reporter
from ekiben.store.receipt import host_platform

_AT_HAND = "`--base host`, `docker-daemon:NAME`, `oci:DIR`"


@dataclass(frozen=True, slots=True)
class Base:
    """A base image. `reference` is what it is called for others, with its digest where a registry knows it by that;
    None for one that lies on this disk."""

    name: BaseName
    image: Image
    facts: BaseFacts
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class BasePlaces:
    """Where bases are looked for: `cache` is a folder of the store's; `asks_engine` whether a plain reference may be
    one that the Docker engine has."""

    cache: Path
    environ: Mapping[str, str]
    asks_engine: bool


def open_base(name: BaseName, platform: Platform, places: BasePlaces, reporter: Reporter) -> Base:
    """The base called `name`, looked at. Raises ImageError where it is not there, is no image, or cannot be read;
    EngineUnavailable, RegistryError, OSError."""
    try:
        image, reference = find_image(name, platform, places, reporter)
    except RegistryError as error:
        pull = f"have the engine fetch it (`docker pull {name.text}`), or " if places.asks_engine else ""
        hint = f"{error.hint or 'look into it'}; or {pull}name a base that is at hand: {_AT_HAND}"
        raise RegistryError(f"the base `{name.text}` cannot be had: {error.message}", hint=hint) from error
    with reporter.task(f"looking at the base `{name.text}`", sum(one.size_bytes for one in image.layers)) as task:
        facts = known_facts(image, places.cache / "facts", task.advance)
    return Base(name, image, facts, reference)


def find_image(
    name: BaseName, platform: Platform | None, places: BasePlaces, reporter: Reporter
) -> tuple[Image, str | None]:
    """The image called `name`, and what it is called for others; without `platform` the only one that there is.
    Raises as `open_base`."""
    match name.kind:
        case "host":
            platform = platform or Platform.parse(host_platform())
            return host_image(platform, places.cache / "host", places.environ, reporter), None
        case "layout":
            assert name.path is not None, "a layout has a path"
            return Layout(name.path).image(name.name, platform), None
        case "archive":
            assert name.path is not None, "an archive has a path"
            reference = Reference.parse(name.name) if name.name else None
            return DockerArchive(name.path).image(reference, platform), None
        case "engine":
            return _from_engine(str(name.name), platform, places, reporter), name.name
        case "reference":
            return _from_anywhere(str(name.name), platform, places, reporter)
        case _:
            assert_never(name.kind)


def _from_engine(reference: str, platform: Platform | None, places: BasePlaces, reporter: Reporter) -> Image:
    image = engine_image(reference, places.environ, places.cache / "engine", platform, reporter)
    if image is None:
        what = f"`{reference}` for `{platform}`" if platform else f"`{reference}`"
        raise ImageError(f"the engine has no image {what}", hint=f"`docker pull {reference}`")
    return image


def _from_anywhere(text: str, platform: Platform | None, places: BasePlaces, reporter: Reporter) -> tuple[Image, str]:
    """As a build by the engine would have it: its own image of that name first, else the registry's."""
    if places.asks_engine:
        image = engine_image(text, places.environ, places.cache / "engine", platform, reporter)
        if image is not None:
            return image, text
    reference = Reference.parse(text)
    registry = Registry.open(reference.host, environ=places.environ)
    image = registry.get_image(reference, platform, keep_in=places.cache / "blobs")
    return image, text if reference.digest else f"{text}@{image.digest}"
