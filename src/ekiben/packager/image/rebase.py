"""`rebase`: a patched base swapped under the image of a Bento, without the Bento, its wheels or an engine's build.

    find the images -> find what they stand on -> open_bases, old and new -> rebased_image, each -> deliver

The layers above the base are the same blobs before and after, so that a push sends the configuration and what the
registry lacks of the new base.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ekiben.digest import Digest
from ekiben.errors import ImageError, Interrupted, RegistryError, UsageError
from ekiben.oci.descriptor import Platform
from ekiben.oci.image import Image
from ekiben.oci.image_index import any_image
from ekiben.oci.layout import Layout
from ekiben.oci.reference import Reference
from ekiben.packager.image.containerize import image_references
from ekiben.packager.image.engines.engine import BuiltImage
from ekiben.packager.image.engines.opening import storage_at_hand
from ekiben.packager.image.native.bases.naming import BaseName, CopiedPython
from ekiben.packager.image.native.bases.opening import Base, BasePlaces, find_images, open_base, open_bases
from ekiben.packager.image.native.delivering import Delivery, deliver, require_taker
from ekiben.packager.image.native.outputs import Output, parse_output, refuse_platforms
from ekiben.packager.image.native.rebasing import rebased_image
from ekiben.packager.image.running import BASE_DIGEST, BASE_NAME, BENTO_LABEL, PYTHON_LABEL
from ekiben.report import NamedReporter, Reporter
from ekiben.store.disk import disk_errors
from ekiben.store.local import Store
from ekiben.tag import Tag

_NAME_IT = "name the base that the image was made on with `--old-base`"


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseRequest:
    """`image` and `base` are named as bases are: a reference, `docker-daemon:REF`, `oci:DIR[:NAME]`,
    `docker-archive:FILE[:NAME]`; so is `old_base`, which the image says itself where it came from a registry. Without
    `image_tags` the new image takes the old one's name; `output` and `pushes` are those of `containerize`. Of an index
    all images are moved, or those for `platforms`, and the others are left out."""

    image: str
    base: str
    old_base: str | None = None
    image_tags: tuple[str, ...] = ()
    output: str | None = None
    pushes: bool = False
    platforms: tuple[str, ...] = ()


def rebase(
    request: RebaseRequest, *, store: Store, reporter: Reporter, environ: Mapping[str, str] = os.environ
) -> BuiltImage:
    """Makes the image on the new base and brings it where it shall go.

    Raises UsageError for a name that is none, ImageError where an image is not there, is none of a Bento, or does not
    fit the base; EngineUnavailable, EngineFailed, RegistryError, StoreError, and Interrupted after a Ctrl-C.
    """
    output = parse_output(request.output, pushes=request.pushes, default=storage_at_hand(environ))
    require_taker(output, environ)
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
    with store.scratch() as scratch:
        images, left = _images(request, name, output, replace(places, cache=scratch), reporter)
        references = _references(request, name, _bento_of(images[0], request.image))
        target = _named(output, request, name)
        if left:
            _refuse_loss(left, name, target, references)
        news = _new_bases(BaseName.parse(request.base), images, places, reporter)
        olds = [_open_old_base(_old_base(request, one), one.config.platform, places, reporter) for one in images]
        moved = [rebased_image(*three) for three in zip(images, olds, news, strict=True)]
        for image, after, new in zip(images, moved, news, strict=True):
            its = NamedReporter(reporter, str(image.config.platform)) if len(images) > 1 else reporter
            its.info(_sentence(image, after, new))
        mounts = _mounts(images, name, news)
        delivery = Delivery(any_image(moved), target, references, environ, mounts, store.layout.uploads)
        return deliver(delivery, reporter)


def _images(
    request: RebaseRequest, name: BaseName, output: Output, places: BasePlaces, reporter: Reporter
) -> tuple[list[Image], list[Image]]:
    """The images to move, and those that are left out."""
    texts = [text for one in request.platforms for text in one.split(",")]
    asked = [] if "all" in texts else [Platform.parse(text) for text in texts]
    wanted = asked if asked and output.holds_one_platform else None  # else those that are left out have to be known
    there = [image for image, _ in find_images(name, wanted, places, reporter)]
    images, left = _parted(there, asked, request.image)
    refuse_platforms(output, [image.config.platform for image in images])
    return images, left


def _parted(images: Sequence[Image], asked: Sequence[Platform], what: str) -> tuple[list[Image], list[Image]]:
    """Those for the platforms that were asked for, all where none was, and the others. Raises ImageError."""
    there = ", ".join(f"`{image.config.platform}`" for image in images)
    for platform in asked:
        if not any(platform.takes(image.config.platform) for image in images):
            raise ImageError(f"`{what}` has no image for `{platform}`; it has {there}", hint="take one that it has")
    chosen = [one for one in images if not asked or any(platform.takes(one.config.platform) for platform in asked)]
    return chosen, [one for one in images if one not in chosen]


def _refuse_loss(left: Sequence[Image], name: BaseName, output: Output, references: Sequence[str]) -> None:
    """Raises UsageError where what comes out takes the place of what went in, without the images that are `left`."""
    if _takes_the_place(name, output, references):
        lost = ", ".join(f"`{image.config.platform}`" for image in left)
        raise UsageError(
            f"`{name.text}` would lose its image for {lost}",
            hint="move them all: leave `--platform` out; or give the new image another name, `--image-tag`",
        )


def _takes_the_place(name: BaseName, output: Output, references: Sequence[str]) -> bool:
    if output.kind == name.kind == "layout" and output.path and name.path:
        old = {name.name} if name.name else {*Layout(name.path).names()}
        new = {output.name} if output.name else {Reference.parse(one).familiar for one in references}
        return output.path.resolve() == name.path.resolve() and not old.isdisjoint(new)
    if output.kind == "registry" and name.reference:
        return Reference.parse(name.reference).tagged() in [Reference.parse(one).tagged() for one in references]
    return False


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
        return replace(BaseName.parse(request.old_base), copied=_copied_python(image))
    told = {**image.config.labels, **image.manifest.annotations}
    reference, digest = told.get(BASE_NAME, "").partition("@")[0], told.get(BASE_DIGEST)
    if not reference:
        raise ImageError(f"`{request.image}` does not say which base it stands on", hint=_NAME_IT)
    text = f"{reference}@{digest}" if digest else reference
    Reference.parse(text)
    return BaseName("reference", text, name=text, copied=_copied_python(image))


def _new_bases(name: BaseName, images: Sequence[Image], places: BasePlaces, reporter: Reporter) -> tuple[Base, ...]:
    """The new base for each image; the Python that was copied onto the old one is copied onto it."""
    copied = [_copied_python(image) for image in images]
    platforms = [image.config.platform for image in images]
    if not any(copied):
        return open_bases(name, platforms, places, reporter)
    names = [replace(name, copied=one) for one in copied]
    return tuple(open_base(*pair, places, reporter) for pair in zip(names, platforms, strict=True))


def _copied_python(image: Image) -> CopiedPython | None:
    told = image.config.labels.get(PYTHON_LABEL)
    return CopiedPython.parse(told) if told else None


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


def _mounts(images: Sequence[Image], name: BaseName, bases: Sequence[Base]) -> dict[Digest, tuple[str, ...]]:
    """Where a registry may have the layers: in the repositories of the images and of their new bases."""
    its = [(image, name, name.reference) for image in images]
    mounts: dict[Digest, tuple[str, ...]] = {}
    for source, its_name, reference in (*its, *((base.image, base.name, base.reference) for base in bases)):
        if its_name.kind == "reference" and reference:
            repository = Reference.parse(reference).repository
            mounts |= {
                layer.digest: tuple(dict.fromkeys((*mounts.get(layer.digest, ()), repository)))
                for layer in source.layers
            }
    return mounts
