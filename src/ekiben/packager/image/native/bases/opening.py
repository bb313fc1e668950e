"""`open_bases`: the images that a base's name leads to, one a platform, with what is known of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias, assert_never

from ekiben.errors import ImageError, RegistryError
from ekiben.oci.descriptor import Platform
from ekiben.oci.docker_archive_reader import DockerArchive
from ekiben.oci.image import Image
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.packager.image.native.bases.copied_python import with_copied_python
from ekiben.packager.image.native.bases.engine_image import engine_image
from ekiben.packager.image.native.bases.facts import BaseFacts, known_facts
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.host.image import host_image, require_this_machine
from ekiben.packager.registries import open_registry
from ekiben.report import NamedReporter, Reporter
from ekiben.store.receipt import host_platform

FoundImage: TypeAlias = tuple[Image, str | None]  # and what others call it; None where it lies on this disk

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
    """The base called `name` for one platform; else as `open_bases`."""
    return open_bases(name, (platform,), places, reporter)[0]


def open_bases(
    name: BaseName, platforms: Sequence[Platform], places: BasePlaces, reporter: Reporter
) -> tuple[Base, ...]:
    """The base called `name` for each of `platforms`, looked at. Raises ImageError where it is not there, lacks one of
    them, is no image, or cannot be read; EngineUnavailable, RegistryError, OSError."""
    try:
        found = find_images(name, platforms, places, reporter)
    except RegistryError as error:
        pull = f"have the engine fetch it (`docker pull {name.text}`), or " if places.asks_engine else ""
        hint = f"{error.hint or 'look into it'}; or {pull}name a base that is at hand: {_AT_HAND}"
        raise RegistryError(f"the base `{name.text}` cannot be had: {error.message}", hint=hint) from error
    bases = []
    for image, reference in found:
        its = NamedReporter(reporter, str(image.config.platform)) if len(found) > 1 else reporter
        with its.task(f"looking at the base `{name.text}`", sum(one.size_bytes for one in image.layers)) as task:
            facts = known_facts(image, places.cache / "facts", task.advance)
        bases.append(Base(name, image, facts, reference))
    return tuple(_with_python(base, places, reporter) for base in bases)


def _with_python(base: Base, places: BasePlaces, reporter: Reporter) -> Base:
    """`base` with the Python that its name says, where it has none of that version."""
    copied = base.name.copied
    if copied is None or base.facts.python == copied.version:
        return base
    python = open_base(base.name.below[0], base.image.config.platform, places, reporter)
    told = replace(copied, image=python.reference or copied.image)
    folder = places.cache / "pythons"
    image, facts = with_copied_python(base.image, base.facts, python.image, python.facts, told, folder, reporter)
    return replace(base, image=image, facts=facts)


def find_images(
    name: BaseName, platforms: Sequence[Platform] | None, places: BasePlaces, reporter: Reporter
) -> list[FoundImage]:
    """The images called `name`, one for each of `platforms`; without, all that there are. Raises as `open_bases`."""
    match name.kind:
        case "host":
            return _of_this_machine(platforms, places, reporter)
        case "layout":
            assert name.path is not None, "a layout has a path"
            return _of_this_disk(Layout(name.path).images(name.name, platforms))
        case "archive":
            assert name.path is not None, "an archive has a path"
            reference = Reference.parse(name.name) if name.name else None
            archive = DockerArchive(name.path)
            return _of_this_disk(archive.image(reference, one) for one in platforms or (None,))
        case "engine":
            return [_from_engine(str(name.name), one, places, reporter) for one in platforms or (None,)]
        case "reference":
            return _carried(name, platforms, reporter) or _from_anywhere(str(name.name), platforms, places, reporter)
        case _:
            assert_never(name.kind)


def _of_this_disk(images: Iterable[Image]) -> list[FoundImage]:
    return [(image, None) for image in images]


def _of_this_machine(platforms: Sequence[Platform] | None, places: BasePlaces, reporter: Reporter) -> list[FoundImage]:
    asked = platforms or (Platform.parse(host_platform()),)
    for one in asked:
        require_this_machine(one)
    return _of_this_disk(host_image(one, places.cache / "host", places.environ, reporter) for one in asked)


def _from_engine(reference: str, platform: Platform | None, places: BasePlaces, reporter: Reporter) -> FoundImage:
    image = engine_image(reference, places.environ, places.cache / "engine", platform, reporter)
    if image is None:
        what = f"`{reference}` for `{platform}`" if platform else f"`{reference}`"
        raise ImageError(f"the engine has no image {what}", hint=f"`docker pull {reference}`")
    return image, reference


def _carried(name: BaseName, platforms: Sequence[Platform] | None, reporter: Reporter) -> list[FoundImage]:
    """The images that came along for a machine without a network; none where none did under that name."""
    if name.carried is None or not name.carried.is_dir() or name.text not in Layout(name.carried).names():
        return []
    reporter.info(f"the base `{name.text}` is the one that came with the Bento")
    return _told(Layout(name.carried).images(name.text, platforms), name.text)


def _told(images: Iterable[Image], text: str) -> list[FoundImage]:
    """A registry's images, called by their digests. What follows the name may be an index's: the same base by a tag is
    the same image."""
    return [(image, f"{text.partition('@')[0]}@{image.digest}") for image in images]


def _from_anywhere(
    text: str, platforms: Sequence[Platform] | None, places: BasePlaces, reporter: Reporter
) -> list[FoundImage]:
    """As a build by the engine would have it: its own image of that name first, else the registry's."""
    if places.asks_engine and len(platforms or ()) <= 1:
        platform = next(iter(platforms or ()), None)
        image = engine_image(text, places.environ, places.cache / "engine", platform, reporter)
        if image is not None:
            return [(image, text)]
    reference = Reference.parse(text)
    registry = open_registry(reference.host, places.environ)
    return _told(registry.get_images(reference, platforms, keep_in=places.cache / "blobs"), text)
