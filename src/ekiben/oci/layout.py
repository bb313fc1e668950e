"""`Layout`: a folder of images as the OCI specification lays them out (image-spec image-layout.md).

    oci-layout              says that it is one; who writes holds its lock
    index.json              which images there are, by name (the annotation `org.opencontainers.image.ref.name`)
    blobs/sha256/<hex>      manifests, configurations, layers
    .drafts/                blobs under way; there only while somebody writes, or was killed at it

Several processes may write at once: one after the other. A reader needs no lock, since blobs come before the name that
leads to them, and both by a rename. Blobs that no name leads to any more stay.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.image import BlobSource, FileSource, Image, read_document, read_image
from ekiben.oci.index import Index
from ekiben.oci.lane import Lane
from ekiben.oci.locking import locked_file
from ekiben.oci.media_types import INDEXES
from ekiben.oci.verified import open_verified

LAYOUT_MARK = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"

_MARK = "oci-layout"
_INDEX = "index.json"
_DRAFTS = ".drafts"
_NAME = re.compile(r"[A-Za-z0-9]+(?:(?:--|[-._:@+/])[A-Za-z0-9]+)*")  # image-spec annotations.md, `ref.name`
_CHUNK = 1024 * 1024  # bytes copied at once
_BLOB_MODE = 0o444  # they may be linked to elsewhere
_DEEPEST = 3  # indexes in indexes


def _nothing(_: int) -> None:
    """Tells nobody."""


class Layout:
    """The layout in `folder`, which is made when the first image is added. OSError of writing is the caller's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self, digest: Digest) -> BinaryIO:
        """A blob, held to its digest while it is read. Raises NotFound where there is none."""
        try:
            return open_verified(self._blob(digest), digest)
        except FileNotFoundError as error:
            raise NotFound(f"`{self._folder}` lacks the blob `{digest}`", hint="fetch the image again") from error

    def names(self) -> tuple[str, ...]:
        """What the images are called that have a name. Raises ImageError where this is no layout."""
        named = (one.annotations.get(REF_NAME) for one in self._read_index().manifests)
        return tuple(name for name in named if name)

    def image(self, name: str | None = None, platform: Platform | None = None) -> Image:
        """The image called `name`, or the only one; for `platform` where there are several under the name.

        Raises ImageError where there is none or more than one, and for one that is not what its digests say.
        """
        what = f"`{self._folder}`" if name is None else f"`{name}` in `{self._folder}`"
        descriptor = self._descend(Index(self._found(name, what)), platform, what)
        image = read_image(read_document(descriptor, self, f"the manifest of {what}"), self, what)
        if platform and not platform.takes(image.config.platform):
            raise ImageError(f"{what} is for `{image.config.platform}`, not for `{platform}`")
        return image

    def add(self, image: Image, name: str | None = None, *, advance: Callable[[int], object] = _nothing) -> Descriptor:
        """Puts `image` here as `name`, in place of what had the name; gives its descriptor.

        `advance` is told the bytes of its blobs as they come. Raises ImageError for a blob that is not what its digest
        says, and where the folder holds other things than a layout.
        """
        return self._add([image], image.content, image.descriptor, name, advance)

    def add_index(
        self, images: Sequence[Image], name: str | None = None, *, advance: Callable[[int], object] = _nothing
    ) -> Descriptor:
        """Puts the images here, one a platform, under one index and `name`; else as `add`."""
        index = Index(tuple(image.descriptor for image in images))
        content = index.to_bytes()
        return self._add(images, content, Descriptor.of_bytes(content, index.media_type), name, advance)

    def _add(
        self,
        images: Sequence[Image],
        content: bytes,
        descriptor: Descriptor,
        name: str | None,
        advance: Callable[[int], object],
    ) -> Descriptor:
        """Blobs, then manifests, then the document that leads to them, then the name."""
        named = replace(descriptor, annotations={REF_NAME: checked_name(name)} if name is not None else {})
        with self._writing() as draft:
            for image in images:
                for blob in image.blobs:
                    self._bring(blob, image.source, draft, advance)
                self._put(image.digest, image.content, draft)
            self._put(descriptor.digest, content, draft)
            there = self._read_index() if (self._folder / _INDEX).exists() else Index(())
            draft.write_bytes(with_image(there, named).to_bytes())
            draft.replace(self._folder / _INDEX)
        return named

    def _bring(self, blob: Descriptor, source: BlobSource, draft: Path, advance: Callable[[int], object]) -> None:
        """Links the blob, or copies it where that cannot be; one that is here is left."""
        path = self._blob(blob.digest)
        if not _has_size(path, blob.size_bytes):
            file = source.path_of(blob.digest) if isinstance(source, FileSource) else None
            if file and _has_size(file, blob.size_bytes) and _link(file, draft):
                draft.replace(path)
            else:
                _copy(blob, source, draft, advance)
                draft.chmod(_BLOB_MODE)
                draft.replace(path)
                return
        advance(blob.size_bytes)

    def _put(self, digest: Digest, content: bytes, draft: Path) -> None:
        draft.write_bytes(content)
        draft.chmod(_BLOB_MODE)
        draft.replace(self._blob(digest))

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        """Holds the lock for the block; gives the path of a file to write and to rename."""
        self._folder.mkdir(parents=True, exist_ok=True)
        found = {path.name for path in self._folder.iterdir()}
        if found and _MARK not in found:
            raise ImageError(
                f"`{self._folder}` holds other things than images", hint="name a folder that is new or empty"
            )
        with locked_file(self._folder / _MARK) as mark:
            if mark.seek(0, io.SEEK_END) == 0:
                mark.write(LAYOUT_MARK)
                mark.flush()
            drafts = self._folder / _DRAFTS
            shutil.rmtree(drafts, ignore_errors=True)  # of one who was killed: whoever lives would hold the lock
            drafts.mkdir()
            (self._folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            try:
                yield drafts / "draft"
            finally:
                shutil.rmtree(drafts, ignore_errors=True)

    def _blob(self, digest: Digest) -> Path:
        return self._folder / "blobs" / "sha256" / digest.hex

    def _read_index(self) -> Index:
        path = self._folder / _INDEX
        try:
            return Index.parse(path.read_bytes(), f"`{path}`")
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ImageError(
                f"`{self._folder}` is no OCI image layout: it has no {_INDEX}", hint="name the folder that holds one"
            ) from error

    def _found(self, name: str | None, what: str) -> tuple[Descriptor, ...]:
        found = [one for one in self._read_index().manifests if name is None or one.annotations.get(REF_NAME) == name]
        names = ", ".join(f"`{one}`" for one in self.names()) or "none with a name"
        if not found:
            raise ImageError(f"there is no image {what}: {names} is there" if name else f"{what} holds no image")
        if len({one.digest for one in found}) > 1 and len({one.annotations.get(REF_NAME) for one in found}) > 1:
            raise ImageError(f"{what} holds several images: {names}", hint="say which: `oci:DIR:NAME`")
        return tuple(found)

    def _descend(self, index: Index, platform: Platform | None, what: str) -> Descriptor:
        """The manifest that is meant, through as many indexes as lead to it."""
        for _ in range(_DEEPEST):
            descriptor = index.choose(platform, what)
            if descriptor.media_type not in INDEXES:
                return descriptor
            index = Index.parse(read_document(descriptor, self, f"the index of {what}"), f"the index of {what}")
        raise ImageError(f"{what} has indexes in indexes, deeper than {_DEEPEST}")


def with_image(index: Index, descriptor: Descriptor) -> Index:
    """`index` with `descriptor` under its name, or as the one without a name. Sorted by name, so that the order in
    which images came leaves no trace."""
    name = descriptor.annotations.get(REF_NAME)
    others = [one for one in index.manifests if one.annotations.get(REF_NAME) != name]
    ordered = sorted([*others, descriptor], key=lambda one: one.annotations.get(REF_NAME, ""))
    return replace(index, manifests=tuple(ordered))


def checked_name(name: str) -> str:
    """`name`. Raises ImageError where it can be none in a layout."""
    if not _NAME.fullmatch(name):
        raise ImageError(f"`{name}` cannot be the name of an image in a layout", hint="write a tag, such as `latest`")
    return name


def _has_size(path: Path, size_bytes: int) -> bool:
    try:
        return path.stat().st_size == size_bytes
    except FileNotFoundError:
        return False


def _link(file: Path, draft: Path) -> bool:
    """Whether a link could be made: not to another file system, nor (on some systems) to a file of somebody else's."""
    try:
        draft.hardlink_to(file)
    except OSError:
        return False
    return True


def _copy(blob: Descriptor, source: BlobSource, draft: Path, advance: Callable[[int], object]) -> None:
    """The blob as a file. Raises ImageError where it is not what its descriptor says."""
    state, size_bytes = hashlib.sha256(), 0
    with source.open(blob.digest) as stream, draft.open("wb") as target, Lane(state.update) as hashing:
        while size_bytes <= blob.size_bytes and (chunk := stream.read(_CHUNK)):
            hashing.put(chunk)
            target.write(chunk)
            size_bytes += len(chunk)
            advance(len(chunk))
    digest = Digest(state.hexdigest())
    if digest != blob.digest or size_bytes != blob.size_bytes:
        raise ImageError(f"the blob `{blob.digest}` came as `{digest}`, of {size_bytes} bytes")
