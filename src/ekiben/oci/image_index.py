"""`ImageIndex`: images of one name, one a platform; and how the images that an index leads to are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import BlobSource, Image, JoinedSource, read_image
from ekiben.oci.index import Index
from ekiben.oci.manifest import is_index
from ekiben.oci.media_types import INDEXES, OCI_INDEX

_DEEPEST = 3  # indexes in indexes

ReadDocument: TypeAlias = Callable[[Descriptor], bytes]


@dataclass(frozen=True, slots=True)
class ImageIndex:
    """Several images under one index. What all of them are annotated with, the index is, too."""

    images: tuple[Image, ...]

    @classmethod
    def of(cls, images: Iterable[Image]) -> ImageIndex:
        """The images in the order of their platforms' names, so that the order in which they were made leaves no trace.

        Raises ImageError for two of one platform.
        """
        by_platform: dict[str, Image] = {}
        for image in images:
            name = str(image.config.platform.plain)
            if name in by_platform:
                raise ImageError(f"there are two images for `{name}`, and an index holds one")
            by_platform[name] = image
        return cls(tuple(by_platform[name] for name in sorted(by_platform)))

    @property
    def index(self) -> Index:
        """The document."""
        told = [image.manifest.annotations.items() for image in self.images]
        shared = {pair for pair in (told[0] if told else ()) if all(pair in one for one in told)}
        return Index(tuple(image.descriptor for image in self.images), annotations=dict(shared))

    @property
    def content(self) -> bytes:
        """The index's bytes."""
        return self.index.to_bytes()

    @property
    def descriptor(self) -> Descriptor:
        """The index's."""
        return Descriptor.of_bytes(self.content, OCI_INDEX)

    @property
    def digest(self) -> Digest:
        """The index's: what a registry knows all of them by."""
        return self.descriptor.digest

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """The layers and configurations of all images, each once."""
        return tuple({blob.digest: blob for image in self.images for blob in image.blobs}.values())

    @property
    def source(self) -> BlobSource:
        """Where the blobs are."""
        return JoinedSource(sources={blob.digest: image.source for image in self.images for blob in image.blobs})


AnyImage: TypeAlias = Image | ImageIndex


def any_image(images: Sequence[Image]) -> AnyImage:
    """The only image as it is: alone it has the digest that it has in an index. Several under one."""
    return images[0] if len(images) == 1 else ImageIndex.of(images)


def images_of(image: AnyImage) -> tuple[Image, ...]:
    """The images themselves."""
    return image.images if isinstance(image, ImageIndex) else (image,)


def read_images(
    content: bytes, platforms: Sequence[Platform | None] | None, read: ReadDocument, source: BlobSource, what: str
) -> tuple[Image, ...]:
    """The images that the document `content`, a manifest or an index, leads to: for each of `platforms`, where None
    stands for the only one that there is; without, all of them. `read` gives the document of a descriptor, `source` has
    the blobs. Raises ImageError, calling it `what`, where there is no image of a platform, or more than one.
    """
    if not is_index(content, what):
        only = read_image(content, source, what)
        return tuple(_for(one, only, what) for one in platforms or (None,))
    index = Index.parse(content, what)
    if platforms is None:
        return tuple(read_image(read(one), source, what) for one in _all_manifests(index, read, what))
    contents = [read(_choose_manifest(index, one, read, what)) for one in platforms]
    pairs = zip(platforms, contents, strict=True)
    return tuple(_for(platform, read_image(content, source, what), what) for platform, content in pairs)


def _choose_manifest(index: Index, platform: Platform | None, read: ReadDocument, what: str) -> Descriptor:
    """The manifest for `platform`, the only one where none is asked for, through as many indexes as lead to it."""
    for _ in range(_DEEPEST):
        descriptor = index.choose(platform, what)
        if descriptor.media_type not in INDEXES:
            return descriptor
        index = Index.parse(read(descriptor), f"the index of {what}")
    raise _too_deep(what)


def _all_manifests(index: Index, read: ReadDocument, what: str) -> Iterable[Descriptor]:
    """Those of all images, each once; what is marked as no image is left out."""
    found, indexes = dict[Digest, Descriptor](), [index]
    for _ in range(_DEEPEST):
        there = [one for index in indexes for one in index.manifests if one.platform is None or one.platform.is_known]
        found |= {one.digest: one for one in there if one.media_type not in INDEXES}
        indexes = [Index.parse(read(one), f"the index of {what}") for one in there if one.media_type in INDEXES]
        if not indexes:
            return found.values()
    raise _too_deep(what)


def _for(platform: Platform | None, image: Image, what: str) -> Image:
    if platform and not platform.takes(image.config.platform):
        raise ImageError(f"{what} is for `{image.config.platform}`, not for `{platform}`")
    return image


def _too_deep(what: str) -> ImageError:
    return ImageError(f"{what} has indexes in indexes, deeper than {_DEEPEST}")
