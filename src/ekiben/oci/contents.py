"""Reads what entries say that files hold: in pieces, in bounded memory, and no byte more or less than was said."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.entries import Content, FilePart, ZipPart
from ekiben.oci.zip_archive import PIECE_BYTES, ZipArchive

_OPEN_ARCHIVES = 16  # a layer's paths are sorted, so that those of one wheel stand together, or nearly
_CHANGED = "it was written or damaged meanwhile: see what did, then try again"


class Contents:
    """Keeps archives open between their members. A context manager; for one thread."""

    def __init__(self) -> None:
        self._archives: dict[Path, ZipArchive] = {}

    def pieces(self, path: str, content: Content, size_bytes: int) -> Iterator[bytes]:
        """The content of the entry `path`, which has to have `size_bytes`, a megabyte at most at a time.

        Raises ImageError where it has another size or digest, or is a damaged member; OSError where it cannot be read.
        """
        if isinstance(content, bytes):
            yield from (content[at : at + PIECE_BYTES] for at in range(0, size_bytes, PIECE_BYTES))
            return
        state = hashlib.sha256() if content.digest else None
        read_bytes = 0
        for piece in _file_pieces(content) if isinstance(content, FilePart) else self._member_pieces(content):
            read_bytes += len(piece)
            if read_bytes > size_bytes:
                break
            if state:
                state.update(piece)
            yield piece
        if read_bytes != size_bytes:
            raise ImageError(f"`{path}` has not the {size_bytes} bytes that it should have", hint=_CHANGED)
        if state and (found := Digest(state.hexdigest())) != content.digest:
            raise ImageError(f"`{path}` is `{found}` and should be `{content.digest}`", hint=_CHANGED)

    def _member_pieces(self, part: ZipPart) -> Iterator[bytes]:
        archive = self._archives.pop(part.archive, None) or ZipArchive(part.archive)
        self._archives[part.archive] = archive  # the one used last stands last
        if len(self._archives) > _OPEN_ARCHIVES:
            self._archives.pop(next(iter(self._archives))).close()
        return archive.pieces(part.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._archives:
            self._archives.popitem()[1].close()


def _file_pieces(part: FilePart) -> Iterator[bytes]:
    """The bytes of a part that says its size; of one that does not, all up to the file's end."""
    with part.path.open("rb", buffering=0) as stream:
        stream.seek(part.offset)
        left = part.size
        while left is None or left > 0:
            piece = stream.read(PIECE_BYTES if left is None else min(PIECE_BYTES, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece
