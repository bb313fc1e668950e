"""`KeptUploads`: how far uploads are, in files, so that the next process goes on where one was killed.

A file knows where the registry takes the rest of a blob, and not how much it has, which only the registry can say. It
is a comfort: one that cannot be written, read or locked, or that lies, costs sending a blob from its first byte.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from ekiben.digest import Digest
from ekiben.oci.locking import claim_file

_MODE = 0o600  # a location is as good as a password where the registry has signed it
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Destination:
    """What an upload is, for everybody: the root of a registry's API, a repository there, and a blob."""

    root: str
    repository: str
    digest: Digest

    @property
    def file_name(self) -> str:
        """One for each, whatever is in their names."""
        text = "\n".join((self.root, self.repository, str(self.digest)))
        return f"{hashlib.sha256(text.encode()).hexdigest()}.json"


class _Content(msgspec.Struct, forbid_unknown_fields=True):
    root: str
    repository: str
    digest: str
    location: str
    least_chunk: int = 0
    has_all: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the rest of an upload goes; `has_all`: nothing is left to be sent, but for the word that this is all."""

    location: str
    least_chunk: int = 0
    has_all: bool = False


@dataclass(slots=True)
class KeptUpload:
    """One upload of this process; `written` is what its file holds. Without `stream` nothing is kept."""

    destination: Destination
    stream: BinaryIO | None = None
    written: bytes = b""

    def found(self) -> Kept | None:
        """What was kept last; None where there is nothing of use."""
        try:
            content = msgspec.json.decode(self.written, type=_Content)
        except (ValueError, RecursionError):  # of no UTF-8, no JSON, of another shape
            return None
        to = self.destination
        is_ours = (content.root, content.repository, content.digest) == (to.root, to.repository, str(to.digest))
        if not is_ours or not content.location:
            return None
        return Kept(content.location, max(0, content.least_chunk), content.has_all)

    def keep(self, kept: Kept) -> None:
        """Writes down where the rest goes. What is there stays whole when this is killed: it is one write, over
        what was there before."""
        to = (self.destination.root, self.destination.repository, str(self.destination.digest))
        content = msgspec.json.encode(_Content(*to, kept.location, kept.least_chunk, kept.has_all))
        self._write(content.ljust(len(self.written)))

    def clear(self) -> None:
        """What was kept is of no use."""
        self._write(b" " * len(self.written))

    def _write(self, content: bytes) -> None:
        if self.stream is not None and content != self.written:
            with suppress(OSError):
                os.pwrite(self.stream.fileno(), content, 0)
                self.written = content


@dataclass(frozen=True, slots=True)
class KeptUploads:
    """Files in `folder`, made when the first is needed; nothing is kept without one."""

    folder: Path | None = None

    @contextmanager
    def held(self, destination: Destination) -> Iterator[KeptUpload]:
        """What is kept of an upload, for this process alone; it stays where the block fails, and goes where it does
        not. While another process holds it, this one's upload is its own, and is not kept."""
        path, stream = self._claim(destination)
        if stream is None:
            yield KeptUpload(destination)
            return
        with stream:
            kept = KeptUpload(destination, stream, _read(stream))
            try:
                yield kept
            except BaseException:
                if kept.found() is None:
                    _remove(path)
                raise
            _remove(path)

    def _claim(self, destination: Destination) -> tuple[Path, BinaryIO | None]:
        path = (self.folder or Path()) / destination.file_name
        if self.folder is None:
            return path, None
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return path, claim_file(path, _MODE)
        except OSError:
            return path, None


def _read(stream: BinaryIO) -> bytes:
    """What it holds; what is longer than anything that was kept goes."""
    try:
        content = os.pread(stream.fileno(), _MAX_BYTES + 1, 0)
        if len(content) <= _MAX_BYTES:
            return content
        os.ftruncate(stream.fileno(), 0)
    except OSError:
        pass
    return b""


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
