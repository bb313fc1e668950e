"""`Request`: what a client asks, as far as any transport knows it."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ekiben.serving.http.body import BodySource, check_size, read_body

Address: TypeAlias = tuple[str, int]

_SAFE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")  # what may go into logs and headers without quoting
_PROCESS = os.urandom(6).hex()  # so that ids of two processes differ
_numbers = itertools.count(1)


class Origin(Protocol):
    """The connection that a request came over."""

    def peer(self) -> Address | None:
        """Host and port of the client, where it has them."""

    def local(self) -> Address | None:
        """Host and port that the client reached."""

    def is_secure(self) -> bool:
        """Whether it is TLS's."""


@dataclass(slots=True, eq=False)
class Request:
    """The head of a request, and its body: bytes where it came with the head, else where to take it from, once.

    `raw_headers` are lower-case names with values as bytes, in order; `target` is what the request line said, before
    anything was decoded.
    """

    method: str
    path: str
    query: str
    raw_headers: Sequence[tuple[bytes, bytes]]
    fields: dict[bytes, bytes]
    body: bytes | BodySource
    id: str
    target: bytes = b""
    origin: Origin | None = None

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises PayloadTooLarge beyond `limit` bytes, before they are held."""
        body = self.body
        if isinstance(body, bytes):
            check_size(len(body), limit)
            return body
        return await read_body(body, self.fields.get(b"content-length"), limit)

    def field(self, name: bytes) -> str:
        """A header's value, empty where it is missing; the last one where it came twice."""
        return self.fields.get(name, b"").decode("latin-1")

    def headers(self) -> tuple[tuple[str, str], ...]:
        """All headers as text, in order."""
        return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.raw_headers)


def request_id(sent: bytes | None) -> str:
    """The id that the client sent in X-Request-ID, if it is harmless, else a new one, unique over processes."""
    if sent is not None:
        text = sent.decode("latin-1")
        if _SAFE_ID.fullmatch(text):
            return text
    return f"{_PROCESS}{next(_numbers):08x}"
