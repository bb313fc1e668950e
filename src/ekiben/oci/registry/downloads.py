"""Blobs on their way down: streamed, resumed where the connection breaks, and checked against digest and size."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ekiben.digest import Digest
from ekiben.errors import WrongBytes
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.transport import CHUNK_BYTES, Answer
from ekiben.oci.transfer_progress import Meter, Progress

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(?:\d{1,19}|\*)")
_UNREADABLE = 1 << 63  # the first byte of a range that says none: behind every other


@dataclass(frozen=True, slots=True)
class RemoteBlob:
    """A blob in a repository; `size_bytes` None where nobody said it, `actions` what a token is asked for."""

    client: Client
    repository: str
    digest: Digest
    size_bytes: int | None = None
    actions: str = "pull"

    def head(self) -> int | None:
        """The blob's size, None where it is not there; 0 where the registry does not say how large it is."""
        with self.client.call("HEAD", self._url(), self._scopes()) as answer:
            if answer.status == 200:
                return answer.content_length() or 0
            if answer.status == 404:
                return None
            raise self.client.refusal(answer, f"blob `{self.digest}` in `{self.repository}`")

    def chunks(self, start: int = 0, meter: Meter | None = None) -> Iterator[bytes]:
        """The bytes from `start` on, unchecked but for their number: see `verified`.

        Goes on where the connection broke. Raises RegistryError, and its kinds for a blob that is not there, or longer.
        """
        meter = meter or Meter(Progress())
        position, size_bytes, retry = start, self.size_bytes, self.client.retry()
        while size_bytes is None or position < size_bytes:
            try:
                with self._open(position) as answer:
                    first = _first_byte(answer)
                    if size_bytes is None and (length := answer.content_length()) is not None:
                        size_bytes = first + length
                    for chunk in _without(answer.chunks(), position - first):
                        position += len(chunk)
                        self._check_length(position, size_bytes)
                        meter.reached(position)
                        yield chunk
                if size_bytes is None or position == size_bytes:
                    return
                text = f"`{self.client.host}` sent {position} of the {size_bytes} bytes of `{self.digest}`"
                raise Temporary(text)
            except Temporary as failure:
                retry.after(failure, position)

    def verified(self, meter: Meter | None = None) -> Iterator[bytes]:
        """Every byte. Raises WrongBytes after the last one where they are not those of the digest: what was made of
        them is to be thrown away then."""
        state = hashlib.sha256()
        for chunk in self.chunks(meter=meter):
            state.update(chunk)
            yield chunk
        self._check(state.hexdigest())

    def save(self, path: Path, meter: Meter | None = None) -> None:
        """Writes the blob into `path`, going on behind what is there: what a process that was killed has left.

        The caller names the file for the blob and renames it when this returns: until then its bytes are unchecked. It
        stays the same file. Raises RegistryError, WrongBytes after removing it, OSError from the disk.
        """
        meter = meter or Meter(Progress())
        with path.open("a+b") as stream:
            try:
                self._continue(stream, meter)
            except WrongBytes:
                self._begin_again(path, stream, meter)

    def _begin_again(self, path: Path, stream: BinaryIO, meter: Meter) -> None:
        """Once more from the first byte: what was there, or a cache on the way, may have been damaged."""
        stream.truncate(0)
        try:
            self._continue(stream, meter)
        except WrongBytes:
            path.unlink()
            raise

    def _continue(self, stream: BinaryIO, meter: Meter) -> None:
        state = hashlib.sha256()
        stream.seek(0)
        while chunk := stream.read(CHUNK_BYTES):
            state.update(chunk)
        position = stream.tell()
        if self.size_bytes is not None and position > self.size_bytes:
            raise self._wrong("what an earlier try left is longer than the blob")
        meter.reached(position)
        for chunk in self.chunks(position, meter):
            stream.write(chunk)
            state.update(chunk)
        stream.flush()
        self._check(state.hexdigest())

    def _open(self, position: int) -> Answer:
        """The answer that holds the byte at `position`, maybe behind others: not every registry takes ranges."""
        for headers in [{"Range": f"bytes={position}-"}, {}] if position else [{}]:
            answer = self.client.send("GET", self._url(), self._scopes(), headers=headers)
            if answer.status in (200, 206) and _first_byte(answer) <= position:
                return answer
            with answer:
                if answer.status == 404 or not headers:
                    raise self.client.refusal(answer, f"blob `{self.digest}` in `{self.repository}`")
        raise AssertionError("the last of the headers is always the one that raises")

    def _check_length(self, position: int, size_bytes: int | None) -> None:
        if size_bytes is not None and position > size_bytes:
            raise self._wrong(f"more than its {size_bytes} bytes came")

    def _check(self, found: str) -> None:
        if found != self.digest.hex:
            raise self._wrong(f"the bytes are those of `sha256:{found}`")

    def _wrong(self, why: str) -> WrongBytes:
        hint = "the registry, or a proxy on the way to it, is damaged or not to be trusted"
        return WrongBytes(f"`{self.client.host}` did not send `{self.digest}`: {why}", hint=hint)

    def _url(self) -> str:
        return self.client.url(self.repository, "blobs", str(self.digest))

    def _scopes(self) -> tuple[Scope, ...]:
        return (Scope(self.repository, self.actions),)


def _first_byte(answer: Answer) -> int:
    """Where an answer's body begins in its blob."""
    if answer.status != 206:
        return 0
    told = _CONTENT_RANGE.fullmatch((answer.header("Content-Range") or "").strip())
    return int(told[1]) if told else _UNREADABLE


def _without(chunks: Iterator[bytes], skip: int) -> Iterator[bytes]:
    for chunk in chunks:
        if skip < len(chunk):
            yield chunk[skip:] if skip else chunk
        skip = max(0, skip - len(chunk))
