"""Blobs on their way down: streamed, resumed where the connection breaks, and checked against digest and size."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.errors import WrongBytes
from ekiben.oci.registry.authorization import Scope
from ekiben.oci.registry.client import Client
from ekiben.oci.registry.retrying import Temporary
from ekiben.oci.registry.transport import Answer
from ekiben.oci.transfer_progress import Meter, Progress

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(?:\d{1,19}|\*)")
_UNREADABLE = 1 << 63  # the first byte of a range that says none: behind every other


@dataclass(frozen=True, slots=True)
class RemoteBlob:
    """A blob in a repository; `size_bytes` None where nobody said it, `actions` what a token is asked for. Where it
    `is_one_of_several` that fetch parts of the blob, it takes no answer but the very part."""

    client: Client
    repository: str
    digest: Digest
    size_bytes: int | None = None
    actions: str = "pull"
    is_one_of_several: bool = False

    def head(self) -> int | None:
        """The blob's size, None where it is not there; 0 where the registry does not say how large it is."""
        with self.client.call("HEAD", self._url(), self._scopes()) as answer:
            if answer.status == 200:
                return answer.content_length() or 0
            if answer.status == 404:
                return None
            raise self.client.refusal(answer, f"blob `{self.digest}` in `{self.repository}`")

    def chunks(self, start: int = 0, end: int | None = None, meter: Meter | None = None) -> Generator[bytes]:
        """The bytes from `start` on, up to `end` whatever comes behind it; unchecked but for their number: see
        `verified`.

        Goes on where the connection broke. Raises RegistryError, and its kinds for a blob that is not there, or longer
        where `end` is not given.
        """
        meter = meter or Meter(Progress())
        position, last, retry = start, self.size_bytes if end is None else end, self.client.retry()
        while last is None or position < last:
            try:
                with self._open(position, end) as answer:
                    first = _first_byte(answer)
                    if last is None and (length := answer.content_length()) is not None:
                        last = first + length
                    for chunk in _within(answer.chunks(), position - first, None if end is None else end - first):
                        position += len(chunk)
                        self._check_length(position, last)
                        meter.reached(position)
                        yield chunk
                if last is None or position == last:
                    return
                text = f"`{self.client.host}` sent {position} of the {last} bytes of `{self.digest}`"
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

    def wrong(self, why: str) -> WrongBytes:
        """The error for bytes that are not the blob's."""
        hint = "the registry, or a proxy on the way to it, is damaged or not to be trusted"
        return WrongBytes(f"`{self.client.host}` did not send `{self.digest}`: {why}", hint=hint)

    def _open(self, position: int, end: int | None) -> Answer:
        """The answer that holds the byte at `position`, maybe behind others: not every registry takes ranges. With
        `is_one_of_several` it is what was asked for, or RegistryError."""
        last = "" if end in (None, self.size_bytes) else f"{end - 1}"
        part = {"Range": f"bytes={position}-{last}"}
        others: list[dict[str, str]] = [] if self.is_one_of_several else [{}]
        tries = [part, *others] if position or last or not others else others
        for headers in tries:
            answer = self.client.send("GET", self._url(), self._scopes(), headers=headers)
            if self._serves(answer, position):
                return answer
            with answer:
                if answer.status == 404 or headers is tries[-1]:
                    raise self.client.refusal(answer, f"blob `{self.digest}` in `{self.repository}`")
        raise AssertionError("the last of the tries is always the one that raises")

    def _serves(self, answer: Answer, position: int) -> bool:
        if self.is_one_of_several:
            return answer.status == 206 and _first_byte(answer) == position
        return answer.status in (200, 206) and _first_byte(answer) <= position

    def _check_length(self, position: int, size_bytes: int | None) -> None:
        if size_bytes is not None and position > size_bytes:
            raise self.wrong(f"more than its {size_bytes} bytes came")

    def _check(self, found: str) -> None:
        if found != self.digest.hex:
            raise self.wrong(f"the bytes are those of `sha256:{found}`")

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


def _within(chunks: Iterator[bytes], start: int, end: int | None) -> Iterator[bytes]:
    """The bytes of `chunks` from `start` up to `end`; what comes behind is not waited for."""
    position = 0
    for chunk in chunks:
        piece = chunk if start <= position else chunk[start - position :]
        position += len(chunk)
        if end is not None and position >= end:
            yield piece[: len(piece) - (position - end)]
            return
        if piece:
            yield piece
