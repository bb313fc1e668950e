"""`Folder`: objects as files below a folder that many processes and machines share, over NFS too.

A file is written in `uploads/`, brought to the disk, and renamed to its name: no half of one is ever under it. What is
to be replaced only if nobody else did, is compared under a lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ekiben.errors import AccessDenied, NotInRegistry, RemoteError, WrongBytes
from ekiben.oci.transfer_progress import Meter
from ekiben.store.disk import sync
from ekiben.store.remote.object_store.checked import Checked
from ekiben.store.remote.object_store.folder_locks import locked
from ekiben.store.remote.object_store.layout import LOCKS, UPLOADS
from ekiben.store.remote.object_store.objects import Found, Stat
from ekiben.store.remote.object_store.shared_files import MOUNT_HINT, SharedFiles

_CHUNK_BYTES = 1024 * 1024
_LOCK = ".lock"  # what the name of an upload's lock ends in
_HINTS = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some space there",
    errno.EROFS: "it is mounted read-only",
}


@dataclass(frozen=True, slots=True)
class Folder:
    """The objects below `root`, which is made when the first is written, if the folder that it is in exists."""

    root: Path

    @property
    def name(self) -> str:
        """As a URL."""
        return f"file://{self.root}"

    def stat(self, key: str) -> Stat | None:
        """See Objects."""
        with self._errors():
            try:
                found = os.lstat(self.root / key)
            except (FileNotFoundError, NotADirectoryError):
                self._check_root()
                return None
        return _stat(key, found) if stat.S_ISREG(found.st_mode) else None

    def read(self, key: str, limit: int) -> Found | None:
        """See Objects; the version is the content's digest."""
        with self._errors():
            try:
                stream = self._files.open(key)
            except (FileNotFoundError, NotADirectoryError):
                self._check_root()
                return None
            with stream:
                content = stream.read(limit + 1)
        if len(content) > limit:
            raise RemoteError(f"`{key}` in `{self.name}` is larger than {limit} bytes")
        return Found(content, hashlib.sha256(content).hexdigest())

    def chunks(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """See Objects."""
        with self._errors():
            try:
                stream = self._files.open(key)
            except (FileNotFoundError, NotADirectoryError) as error:
                self._check_root()
                raise NotInRegistry(f"`{self.name}` has no `{key}`") from error
        with stream:
            position = stream.seek(start)
            while position < end:
                with self._errors():
                    chunk = stream.read(min(_CHUNK_BYTES, end - position))
                if not chunk:
                    raise WrongBytes(f"`{key}` in `{self.name}` ends at byte {position}, and not at {end}")
                position += len(chunk)
                yield chunk

    def write(self, key: str, content: bytes) -> None:
        """See Objects."""
        with self._errors():
            self._files.put(key, content)

    def replace(self, key: str, content: bytes, version: str | None) -> bool:
        """See Objects."""
        shard = hashlib.sha256(key.encode()).hexdigest()[:2]  # some, so that few wait for strangers
        with self._errors(), locked(self._files, f"{LOCKS}{shard}"):
            found = self.read(key, _CHUNK_BYTES)
            if (found.version if found else None) != version:
                return False
            self._files.put(key, content)
            return True

    def remove(self, key: str) -> None:
        """See Objects."""
        with self._errors():
            path = self.root / key
            try:
                path.unlink()
            except (FileNotFoundError, NotADirectoryError):
                self._check_root()
            else:
                sync(path.parent)

    def walk(self, prefix: str) -> Iterator[Stat]:
        """See Objects."""
        folder, slash, beginning = prefix.rpartition("/")
        with self._errors():
            self._check_root()
            yield from self._walk(f"{folder}{slash}", beginning)

    def upload(self, key: str, open_content: Callable[[], Checked], meter: Meter) -> int:
        """See Objects. One process at a time sends a blob; who waited for it finds it there."""
        part = f"{UPLOADS}{key.replace('/', '.')}"
        with self._errors(), locked(self._files, f"{part}{_LOCK}", meter.progress.pause):
            if self.stat(key):
                return 0
            with self._files.open_part(part) as stream, open_content() as content:
                sent_bytes = _continue(stream, content, meter)
                self._files.finish(stream, part, key)
        return sent_bytes

    def sweep_uploads(self, before_s: float) -> None:
        """See Objects. A lock is as old as what it guards."""
        left = {found.key: found.changed_s for found in self.walk(UPLOADS)}
        for key, changed_s in left.items():
            if max(changed_s, left.get(key.removesuffix(_LOCK), changed_s)) < before_s:
                self.remove(key)

    @property
    def _files(self) -> SharedFiles:
        return SharedFiles(self.root)

    def _walk(self, folder: str, beginning: str = "") -> Iterator[Stat]:
        try:
            entries = sorted(os.scandir(self.root / folder), key=lambda one: one.name)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if not entry.name.startswith(beginning):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from self._walk(f"{folder}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):  # removed meanwhile
                    yield _stat(f"{folder}{entry.name}", entry.stat(follow_symlinks=False))

    def _check_root(self) -> None:
        """A folder that nobody has made yet is an empty one; what is missing of one that cannot be, is not merely
        missing."""
        if self.root.exists() and not self.root.is_dir():  # in this order: another may make it between the two
            raise RemoteError(f"`{self.name}` is no folder", hint="name the folder that it is in")
        if not self.root.parent.is_dir():
            raise NotInRegistry(f"`{self.name}` does not exist", hint=MOUNT_HINT)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            text = f"`{self.name}` cannot be used: {error.strerror or error} (`{error.filename or self.root}`)"
            if error.errno in (errno.EACCES, errno.EPERM):
                raise AccessDenied(text, hint="this user has no right to that") from error
            raise RemoteError(text, hint=_HINTS.get(error.errno or 0)) from error


def _stat(key: str, found: os.stat_result) -> Stat:
    return Stat(key, found.st_size, found.st_mtime)


def _continue(stream: BinaryIO, content: Checked, meter: Meter) -> int:
    """Makes the file what `content` is, writing from the first byte on that differs; gives how many were written."""
    position, sent_bytes, is_same = 0, 0, True
    while position < content.blob.size_bytes:
        piece = content.read(_CHUNK_BYTES)
        if is_same and stream.read(len(piece)) != piece:
            is_same = False
            stream.seek(position)
            stream.truncate()
        if not is_same:
            stream.write(piece)
            sent_bytes += len(piece)
        position += len(piece)
        meter.reached(position)
    stream.truncate(position)
    return sent_bytes
