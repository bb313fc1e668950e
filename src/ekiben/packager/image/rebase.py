"""`rebase`: a patched base swapped under the image of a Bento, without the Bento, its wheels or an engine's build.

    find the image -> find what it stands on -> open_base, old and new -> rebased_image -> deliver

The layers above the base are the same blobs before and after, so that a push sends the configuration and what the
registry lacks of the new base.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ekiben.digest import Digest
from ekiben.errors import ImageError, Interrupted, RegistryError, UsageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import Image
from ekiben.oci.reference import Reference
from ekiben.packager.image.containerize import image_references
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.native.bases.naming import BaseName
from ekiben.packager.image.native.bases.opening import Base, BasePlaces, find_images, open_base
from ekiben.packager.image.native.delivering import Delivery, deliver
from ekiben.packager.image.native.outputs import Output, parse_output
from ekiben.packager.image.native.rebasing import rebased_image
from ekiben.packager.image.running import BASE_DIGEST, BASE_NAME, BENTO_LABEL
from ekiben.report import Reporter
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store
from ekiben.tag import Tag

_NAME_IT = "name the base that the image was made on with `--old-base`"


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseRequest:
    """`image` and `base` are named as bases are: a reference, `docker-daemon:REF`, `oci:DIR[:NAME]`,
    `docker-archive:FILE[:NAME]`; so is `old_base`, which the image says itself where it came from a registry. Without
    `image_tags` the new image takes the old one's name; `output` and `pushes` are those of `containerize`."""

    image: str
    base: str
    old_base: str | None = None
    image_tags: tuple[str, ...] = ()
    output: str | None = None
    pushes: bool = False
    platform: str | None = None


def rebase(
    request: RebaseRequest, *, store: Store, reporter: Reporter, environ: Mapping[str, str] = os.environ
) -> BuiltImage:
    """Makes the image on the new base and brings it where it shall go.

    Raises UsageError for a name that is none, ImageError where an image is not there, is none of a Bento, or does not
    fit the base; EngineUnavailable, EngineFailed, RegistryError, StoreError, and Interrupted after a Ctrl-C.
    """
    output = parse_output(request.output, pushes=request.pushes)
    name = BaseName.parse(request.image)
    if name.kind == "host":
        raise UsageError("`host` is a base, and no image of a Bento", hint="name the image: `ekiben rebase IMAGE`")
    try:
        with disk_errors(store.home):
            return _rebase(request, name, output, store, reporter, environ)
    except KeyboardInterrupt:
        raise Interrupted(f"moving `{request.image}` to another base was stopped; nothing of it is kept") from None


def _rebase(
    request: RebaseRequest,
    name: BaseName,
    output: Output,
    store: Store,
    reporter: Reporter,
    environ: Mapping[str, str],
) -> BuiltImage:
    places = BasePlaces(store.cache / "bases", environ, asks_engine=output.kind == "engine")
    platform = Platform.parse(request.platform) if request.platform else None
    with store.scratch() as scratch:
        ((image, _),) = find_images(name, platform and (platform,), replace(places, cache=scratch), reporter)
        references = _references(request, name, _bento_of(image, request.image))
        its = image.config.platform
        old = _open_old_base(_old_base(request, image), its, places, reporter)
        new = open_base(BaseName.parse(request.base), its, places, reporter)
        moved = rebased_image(image, old, new)
        reporter.info(_sentence(image, moved, new))
        delivery = Delivery(moved, _named(output, request, name), references, environ, _mounts(image, name, new))
        return deliver(delivery, reporter)


def _bento_of(image: Image, what: str) -> Tag:
    """The Bento that `image` says it is of."""
    tag = image.config.labels.get(BENTO_LABEL)
    if not tag:
        raise ImageError(
            f"`{what}` is no image of a Bento: it has no label `{BENTO_LABEL}`",
            hint="only what `ekiben containerize` made is moved",
        )
    return Tag.parse(tag)


def _references(request: RebaseRequest, name: BaseName, bento: Tag) -> tuple[str, ...]:
    """What the new image is called: as asked, else as the old one, else as the Bento."""
    if request.image_tags or name.reference is None:
        return image_references(request.image_tags, bento)
    if "@" in name.reference:
        raise UsageError(
            f"`{name.reference}` names a digest, which the new image cannot have", hint="name it with `--image-tag`"
        )
    return image_references((name.reference,), bento)


def _named(output: Output, request: RebaseRequest, name: BaseName) -> Output:
    """An image from a layout keeps its name there in another, unless it is to have a new one."""
    keeps = output.kind == name.kind == "layout" and output.name is None and not request.image_tags
    return replace(output, name=name.name) if keeps else output


def _old_base(request: RebaseRequest, image: Image) -> BaseName:
    """The base that the image stands on: as asked, else as it says. What an image says is never a place on this
    disk."""
    if request.old_base:
        return BaseName.parse(request.old_base)
    told = {**image.config.labels, **image.manifest.annotations}
    reference, digest = told.get(BASE_NAME, "").partition("@")[0], told.get(BASE_DIGEST)
    if not reference:
        raise ImageError(f"`{request.image}` does not say which base it stands on", hint=_NAME_IT)
    text = f"{reference}@{digest}" if digest else reference
    Reference.parse(text)
    return BaseName("reference", text, name=text)


def _open_old_base(name: BaseName, platform: Platform, places: BasePlaces, reporter: Reporter) -> Base:
    try:
        return open_base(name, platform, places, reporter)
    except RegistryError as error:
        raise ImageError(f"{error.message}; the image says that it stands on it", hint=_NAME_IT) from error


def _sentence(image: Image, moved: Image, new: Base) -> str:
    if moved.content == image.content:
        return f"the image stands on `{new.name.text}` already"
    kept = len(moved.layers) - len(new.image.layers)
    return f"the image now stands on `{new.name.text}`, {new.image.digest}; layers kept: {kept}"


def _mounts(image: Image, name: BaseName, new: Base) -> dict[Digest, tuple[str, ...]]:
    """Where a registry may have the layers: in the repositories of the image and of the new base."""
    mounts: dict[Digest, tuple[str, ...]] = {}
    for source, its, reference in ((image, name, name.reference), (new.image, new.name, new.reference)):
        if its.kind == "reference" and reference:
            repository = Reference.parse(reference).repository
            mounts |= {layer.digest: (*mounts.get(layer.digest, ()), repository) for layer in source.layers}
    return mounts
