"""`Layout`: a folder of images as the OCI specification lays them out (image-spec image-layout.md).

    oci-layout              says that it is one; who writes holds its lock
    index.json              which images there are, by name (the annotation `org.opencontainers.image.ref.name`)
    blobs/sha256/<hex>      manifests, configurations, layers
    .drafts/                blobs under way; there only while somebody writes, or was killed at it
    .unsettled              the blobs that may be nobody's then: whoever writes next removes them unless they are named

Several processes may write at once: one after the other. A reader needs no lock, since blobs come before the name that
leads to them, and both by a rename. When a name gets another image, the blobs of the old one go that no other name
leads to: who reads it at that moment is told that it is gone. Blobs that other programs put there stay.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.descriptor import Descriptor, Platform
from ekiben.oci.drafts import BLOB_MODE, Drafts
from ekiben.oci.image import BlobSource, FileSource, Image, read_document
from ekiben.oci.image_index import AnyImage, images_of, read_images
from ekiben.oci.index import Index
from ekiben.oci.lane import Lane
from ekiben.oci.locking import locked_file
from ekiben.oci.reachable import reachable_blobs
from ekiben.oci.sealed import is_whole
from ekiben.oci.verified import open_verified

LAYOUT_MARK = b'{"imageLayoutVersion":"1.0.0"}'
REF_NAME = "org.opencontainers.image.ref.name"

_MARK = "oci-layout"
_INDEX = "index.json"
_DRAFTS = ".drafts"
_UNSETTLED = ".unsettled"
_NAME = re.compile(r"[A-Za-z0-9]+(?:(?:--|[-._:@+/])[A-Za-z0-9]+)*")  # image-spec annotations.md, `ref.name`
_CHUNK = 1024 * 1024  # bytes copied at once
_HEX = re.compile(r"[0-9a-f]{64}")
_INDEX_MODE = 0o644  # other programs write it in place


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

    def descriptors(self) -> tuple[Descriptor, ...]:
        """What the names lead to: manifests and indexes. Raises ImageError where this is no layout."""
        return self._read_index().manifests

    def image(self, name: str | None = None, platform: Platform | None = None) -> Image:
        """The image called `name`, or the only one; for `platform` where there are several under the name.

        Raises ImageError where there is none or more than one, and for one that is not what its digests say.
        """
        return self.images(name, (platform,))[0]

    def images(self, name: str | None = None, platforms: Sequence[Platform | None] | None = None) -> tuple[Image, ...]:
        """The images called `name`, one for each of `platforms`; without, all that there are. Raises as `image`."""
        content = Index(self._found(name)).to_bytes()
        return read_images(content, platforms, self._document, self, self._what(name))

    def add(
        self, image: AnyImage, name: str | None = None, *, advance: Callable[[int], object] = _nothing
    ) -> Descriptor:
        """Puts `image` here as `name`, in place of what had the name; gives its descriptor.

        `advance` is told the bytes of its blobs as they come. Raises ImageError for a blob that is not what its digest
        says, and where the folder holds other things than a layout.
        """
        named = replace(image.descriptor, annotations={REF_NAME: checked_name(name)} if name is not None else {})
        documents, source = {one.digest: one.content for one in (*images_of(image), image)}, image.source
        with self._writing() as drafts:
            index = self._read_index() if (self._folder / _INDEX).exists() else Index(())
            now = with_image(index, named)
            unsettled = self._unsettled(index, now, {*documents, *(blob.digest for blob in image.blobs)})
            self._list(unsettled, drafts)
            for blob in image.blobs:
                self._bring(blob, source, drafts, advance)
            for digest, content in documents.items():
                self._write(content, self._blob(digest), drafts)
            self._write(now.to_bytes(), self._folder / _INDEX, drafts, _INDEX_MODE)
            self._settle(unsettled, now)
        return named

    def _bring(self, blob: Descriptor, source: BlobSource, drafts: Drafts, advance: Callable[[int], object]) -> None:
        """Links the blob, or copies it where that cannot be; one that is here is left."""
        path = self._blob(blob.digest)
        file = source.path_of(blob.digest) if isinstance(source, FileSource) else None
        if _is_there(path, blob) or (file and _is_there(file, blob) and _link(file, path)):
            advance(blob.size_bytes)
            return
        with drafts.open() as draft:
            _copy(blob, source, draft.stream, advance)
            draft.put(path)

    def _unsettled(self, index: Index, now: Index, arriving: set[Digest]) -> set[Digest]:
        """The blobs that may be nobody's while `now` takes the place of `index`, or should that fail: those that come,
        those that what is replaced leads to, and what a killed process has listed. What is damaged leads nobody knows
        where: then the old ones stay."""
        found = {digest for digest in arriving if not self._blob(digest).exists()}
        listing = self._folder / _UNSETTLED
        if listing.exists():
            found |= {Digest(one) for one in _HEX.findall(listing.read_text("ascii", errors="replace"))}
        with suppress(ImageError, NotFound):
            found |= reachable_blobs([one for one in index.manifests if one not in now.manifests], self._document)
        return found

    def _list(self, unsettled: set[Digest], drafts: Drafts) -> None:
        if unsettled:
            listed = "\n".join(sorted(one.hex for one in unsettled)).encode()
            self._write(listed, self._folder / _UNSETTLED, drafts, _INDEX_MODE)

    def _settle(self, unsettled: set[Digest], index: Index) -> None:
        """Removes those of the blobs that `index` does not lead to."""
        if unsettled:
            with suppress(ImageError, NotFound):
                for digest in unsettled - reachable_blobs(index.manifests, self._document):
                    self._blob(digest).unlink(missing_ok=True)
                (self._folder / _UNSETTLED).unlink(missing_ok=True)

    def _write(self, content: bytes, path: Path, drafts: Drafts, mode: int = BLOB_MODE) -> None:
        with drafts.open() as draft:
            draft.stream.write(content)
            draft.put(path, mode)

    @contextmanager
    def _writing(self) -> Iterator[Drafts]:
        """Holds the lock for the block; gives the place of files under way."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if any(self._folder.iterdir()) and not (self._folder / _MARK).exists():  # in this order: others begin with it
            raise ImageError(
                f"`{self._folder}` holds other things than images", hint="name a folder that is new or empty"
            )
        with locked_file(self._folder / _MARK) as mark:
            if mark.seek(0, io.SEEK_END) == 0:
                mark.write(LAYOUT_MARK)
                mark.flush()
            (self._folder / "blobs" / "sha256").mkdir(parents=True, exist_ok=True)
            try:
                yield Drafts(self._folder / _DRAFTS)
            finally:
                with suppress(OSError):
                    (self._folder / _DRAFTS).rmdir()

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

    def _document(self, descriptor: Descriptor) -> bytes:
        return read_document(descriptor, self, f"`{descriptor.digest}` in `{self._folder}`")

    def _what(self, name: str | None) -> str:
        return f"`{self._folder}`" if name is None else f"`{name}` in `{self._folder}`"

    def _found(self, name: str | None) -> tuple[Descriptor, ...]:
        what = self._what(name)
        found = [one for one in self._read_index().manifests if name is None or one.annotations.get(REF_NAME) == name]
        names = ", ".join(f"`{one}`" for one in self.names()) or "none with a name"
        if not found:
            raise ImageError(f"there is no image {what}: {names} is there" if name else f"{what} holds no image")
        if len({one.digest for one in found}) > 1 and len({one.annotations.get(REF_NAME) for one in found}) > 1:
            raise ImageError(f"{what} holds several images: {names}", hint="say which: `oci:DIR:NAME`")
        return tuple(found)


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


def _is_there(path: Path, blob: Descriptor) -> bool:
    return is_whole(path, blob.digest, blob.size_bytes)


def _link(file: Path, path: Path) -> bool:
    """Whether a link could be made, in place of what is there: not to another file system, nor (on some systems) to a
    file of somebody else's."""
    try:
        path.unlink(missing_ok=True)
        path.hardlink_to(file)
    except OSError:
        return False
    return True


def _copy(blob: Descriptor, source: BlobSource, target: BinaryIO, advance: Callable[[int], object]) -> None:
    """Writes the blob to `target`. Raises ImageError where it is not what its descriptor says."""
    state, size_bytes = hashlib.sha256(), 0
    with source.open(blob.digest) as stream, Lane(state.update) as hashing:
        while size_bytes <= blob.size_bytes and (chunk := stream.read(_CHUNK)):
            hashing.put(chunk)
            target.write(chunk)
            size_bytes += len(chunk)
            advance(len(chunk))
    digest = Digest(state.hexdigest())
    if digest != blob.digest or size_bytes != blob.size_bytes:
        raise ImageError(f"the blob `{blob.digest}` came as `{digest}`, of {size_bytes} bytes")
