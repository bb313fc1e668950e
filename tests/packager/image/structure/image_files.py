"""The files of an image as a container sees them, all layers joined, by the engine's own export."""

from __future__ import annotations

import hashlib
import io
import posixpath
import stat
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import docker

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One entry: `kind` is tarfile's type, `content` the sha256 of a file's bytes or what a link leads to."""

    kind: bytes
    mode: int
    uid: int
    gid: int
    content: str

    @property
    def is_anybodys(self) -> bool:
        """Whether users may write it who do not own it."""
        return self.kind != tarfile.SYMTYPE and bool(self.mode & stat.S_IWOTH)

    @property
    def raises_privileges(self) -> bool:
        """Whether a program runs as its owner or group."""
        return self.kind == tarfile.REGTYPE and bool(self.mode & (stat.S_ISUID | stat.S_ISGID))


def files_of(client: docker.DockerClient, image: str) -> dict[str, ImageFile]:
    """Every entry by its path."""
    with _exported(client, image) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        return {member.name.rstrip("/"): _entry(archive, member) for member in archive}


def with_models_in_place(files: Mapping[str, ImageFile]) -> dict[str, ImageFile]:
    """The same as programs see them: a model that `app/models/` links to lies there itself."""
    found = dict(files)
    for link, entry in files.items():
        if link.startswith("app/models/") and entry.kind == tarfile.SYMTYPE:
            folder = posixpath.normpath(posixpath.join(posixpath.dirname(link), entry.content))
            del found[link]
            for path in files:
                if path == folder or path.startswith(f"{folder}/"):
                    found[link + path.removeprefix(folder)] = found.pop(path)
    if not any(path.startswith("models/") for path in found):
        found.pop("models", None)
    return found


def _entry(archive: tarfile.TarFile, member: tarfile.TarInfo) -> ImageFile:
    content = member.linkname
    if member.isfile():
        stream = archive.extractfile(member)
        assert stream is not None
        digest = hashlib.sha256()
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
        content = digest.hexdigest()
    return ImageFile(member.type, stat.S_IMODE(member.mode), member.uid, member.gid, content)


@contextmanager
def _exported(client: docker.DockerClient, image: str) -> Iterator[io.BufferedReader]:
    container = client.containers.create(image, ["never started"])
    try:
        chunks = cast(Iterator[bytes], container.export(chunk_size=_BLOCK_BYTES))
        yield io.BufferedReader(_Chunks(chunks), _BLOCK_BYTES)
    finally:
        container.remove()


class _Chunks(io.RawIOBase):
    """Chunks as one stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Some bytes, none at the end."""
        view = memoryview(buffer)
        block = self._rest or next(self._chunks, b"")
        part, self._rest = block[: len(view)], block[len(view) :]
        view[: len(part)] = part
        return len(part)
