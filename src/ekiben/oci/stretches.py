"""Files inside a tar that is not unpacked: where each lies, and blobs read from there."""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.errors import ImageError, NotFound
from ekiben.oci.json_object import MAX_BYTES
from ekiben.oci.strange_tar import strange_tar
from ekiben.oci.verified import open_verified

_MAX_MEMBERS = 100_000  # an archive of a hundred images has a few thousand
_MAX_LINKS = 4  # that lead to each other: old engines link a layer to its like in another image
_CHUNK = 1024 * 1024  # bytes read at once


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where in a file something lies."""

    offset: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StretchSource:
    """Blobs that lie in the file `path`."""

    path: Path
    stretches: Mapping[Digest, Stretch]

    def open(self, digest: Digest) -> BinaryIO:
        """A blob, held to its digest while it is read. Raises NotFound where there is none, and OSError."""
        stretch = self.stretches.get(digest)
        if stretch is None:
            raise NotFound(f"`{self.path}` lacks the blob `{digest}`")
        return open_verified(self.path, digest, offset=stretch.offset, size_bytes=stretch.size_bytes)


def find_stretches(path: Path) -> dict[str, Stretch]:
    """Every file in the tar `path` by its name, and every link to one.

    Raises ImageError for what is no tar, is packed, cut off, or holds two files of one name; OSError.
    """
    found: dict[str, Stretch] = {}
    links: dict[str, str] = {}
    try:
        with strange_tar(path) as archive:
            for count, member in enumerate(archive):
                name = posixpath.normpath(member.name)
                if count >= _MAX_MEMBERS or name in found or name in links:
                    raise ImageError(f"`{path}` holds `{name}` twice, or more than {_MAX_MEMBERS} files")
                if member.isreg() and not member.issparse():
                    found[name] = Stretch(member.offset_data, member.size)
                elif member.issym():
                    links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
                elif member.islnk():
                    links[name] = posixpath.normpath(member.linkname)
    except tarfile.TarError as error:
        raise ImageError(
            f"`{path}` is no tar: {error}",
            hint="unpack it first if it is packed (`gunzip`, `zstd -d`), or save it again",
        ) from error
    return found | {name: found[end] for name in links if (end := _follow(name, links)) in found}


def read_stretch(path: Path, stretch: Stretch) -> bytes:
    """The bytes there, if they are no more than a document may have. Raises ImageError, and OSError."""
    if stretch.size_bytes > MAX_BYTES:
        raise ImageError(f"`{path}` holds a document of more than {MAX_BYTES} bytes")
    with path.open("rb") as stream:
        stream.seek(stretch.offset)
        return stream.read(stretch.size_bytes)


def digest_stretch(path: Path, stretch: Stretch) -> Digest:
    """The digest of the bytes there. Raises OSError."""
    with path.open("rb") as stream:
        stream.seek(stretch.offset)
        sizes = (min(_CHUNK, stretch.size_bytes - start) for start in range(0, stretch.size_bytes, _CHUNK))
        return Digest.of_chunks(stream.read(size) for size in sizes)


def _follow(name: str, links: Mapping[str, str]) -> str:
    for _ in range(_MAX_LINKS):
        name = links.get(name, name)
    return name
