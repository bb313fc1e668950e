"""`Bucket`: objects on any file system that fsspec knows. What S3 and Google can do better is in `s3` and `google`.

A file system that is no object store gets files beside and renames them. It compares nothing: `replace` looks first and
writes then, so that of two writers at the same instant both may believe that they were first.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ekiben.errors import NotInRegistry, PathNotFound, RemoteError, WrongBytes
from ekiben.oci.transfer_progress import Meter
from ekiben.store.archive.remote_files import backend_errors
from ekiben.store.remote.object_store.checked import Checked
from ekiben.store.remote.object_store.layout import UPLOADS
from ekiben.store.remote.object_store.objects import Found, Stat
from ekiben.store.remote.object_store.ranges import fetch_ahead

_PIECE_BYTES = 4 * 1024 * 1024
_WHOLE = frozenset({"abfs", "abfss", "adl", "az", "gcs", "gs", "oss", "s3", "s3a"})  # appear when closed
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")  # what backends call it


@dataclass(frozen=True, slots=True)
class Bucket:
    """The objects below `root`, a path of `system`; `options` are its own, never shown."""

    name: str
    system: Any
    root: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False)

    def stat(self, key: str) -> Stat | None:
        """See Objects."""
        with self.errors():
            try:
                found = self.system.info(self.path(key))
            except FileNotFoundError:
                return None
        return _stat(key, found) if found["type"] == "file" else None

    def read(self, key: str, limit: int) -> Found | None:
        """See Objects; the version is the content's digest."""
        found = self.stat(key)
        if found is None:
            return None
        self.check_size(key, found.size_bytes, limit)
        with self.errors():
            try:
                content = bytes(self.system.cat_file(self.path(key)))
            except FileNotFoundError:
                return None
        self.check_size(key, len(content), limit)
        return Found(content, hashlib.sha256(content).hexdigest())

    def chunks(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """See Objects."""

        def fetch(first: int, last: int) -> bytes:
            with self.errors(key):
                piece = self.fetch(key, first, last)
            if len(piece) != last - first:
                raise WrongBytes(
                    f"`{self.name}` sent {len(piece)} bytes of `{key}` where {last - first} were asked for"
                )
            return piece

        return fetch_ahead(fetch, start, end)

    def write(self, key: str, content: bytes) -> None:
        """See Objects."""
        with self.errors(), self._appearing(key) as path:
            self.system.pipe_file(path, content)

    def replace(self, key: str, content: bytes, version: str | None) -> bool:
        """See Objects."""
        found = self.read(key, _PIECE_BYTES)
        if (found.version if found else None) != version:
            return False
        self.write(key, content)
        return True

    def remove(self, key: str) -> None:
        """See Objects."""
        with self.errors(), suppress(FileNotFoundError):
            self.system.rm_file(self.path(key))

    def walk(self, prefix: str) -> Iterator[Stat]:
        """See Objects; all of them in one page."""
        folder = prefix.rpartition("/")[0]
        with self.errors():
            self.system.invalidate_cache()
            try:
                found = self.system.find(self.path(folder), detail=True)
            except FileNotFoundError:
                return
        for path in sorted(found):
            key = self.key(path)
            if key.startswith(prefix) and found[path]["type"] == "file":
                yield _stat(key, found[path])

    def upload(self, key: str, open_content: Callable[[], Checked], meter: Meter) -> int:
        """See Objects; from the first byte where an earlier process was killed."""
        position = 0
        with self.errors(), self._appearing(key) as path, open_content() as content:
            stream = self.system.open(path, "wb", block_size=_PIECE_BYTES)
            try:
                while position < content.blob.size_bytes:
                    position += stream.write(content.read(_PIECE_BYTES))
                    meter.reached(position)
            except BaseException:
                _discard(stream)
                raise
            stream.close()
        return position

    def sweep_uploads(self, before_s: float) -> None:
        """See Objects."""
        for found in self.walk(UPLOADS):
            if found.changed_s < before_s:
                self.remove(found.key)

    def fetch(self, key: str, start: int, end: int) -> bytes:
        """Some bytes of an object, within `errors`."""
        return bytes(self.system.cat_file(self.path(key), start=start, end=end))

    def path(self, key: str) -> str:
        """The key as a path of the file system."""
        return f"{self.root}/{key}".rstrip("/")

    def key(self, path: str) -> str:
        """The path as a key."""
        return path.lstrip("/").removeprefix(f"{self.root.lstrip('/')}/")

    def check_size(self, key: str, size_bytes: int, limit: int) -> None:
        """Raises RemoteError for a document that is larger than any of its kind."""
        if size_bytes > limit:
            raise RemoteError(f"`{key}` in `{self.name}` is larger than {limit} bytes")

    @contextmanager
    def errors(self, key: str = "") -> Iterator[None]:
        """What a backend raises in the block becomes a RemoteError; `key` is named where that is what is missing."""
        try:
            with backend_errors(self.name, self.options):
                yield
        except PathNotFound as error:
            if key:
                raise NotInRegistry(f"`{self.name}` has no `{key}`") from error
            hint = "see whether its name is right, and whether the credentials are for it"
            raise NotInRegistry(f"`{self.name}` does not exist", hint=hint) from error

    @contextmanager
    def _appearing(self, key: str) -> Iterator[str]:
        """A path to write to for the block, which is at `key` after it."""
        protocols = self.system.protocol if isinstance(self.system.protocol, tuple) else (self.system.protocol,)
        if _WHOLE.intersection(protocols):
            yield self.path(key)
            return
        draft, path = self.path(f"{UPLOADS}{os.urandom(8).hex()}"), self.path(key)
        self.system.makedirs(self.path(UPLOADS), exist_ok=True)
        try:
            yield draft
            self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.system.mv(draft, path)
        except BaseException:
            with suppress(OSError):
                self.system.rm_file(draft)
            raise


def _stat(key: str, found: Mapping[str, Any]) -> Stat:
    return Stat(key, int(found["size"] or 0), _time_s(found))


def _time_s(found: Mapping[str, Any]) -> float:
    for name in _TIMES:
        match found.get(name):
            case datetime() as time:
                return time.timestamp()
            case int() | float() as seconds:
                return seconds
            case _:
                continue
    return math.inf


def _discard(stream: Any) -> None:
    """Ends a file without making it one, where it is not one already; that is removed as a draft then."""
    if isinstance(stream, io.BufferedIOBase) or not hasattr(stream, "discard"):
        stream.close()
        return
    with suppress(OSError, NotImplementedError):
        stream.discard()
    stream.closed = True
