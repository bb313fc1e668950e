"""`Payload`, `Call`, `Reply`, `StreamReply` of `Chunks`: one request as it travels between front, batcher and worker.

Bodies stay as the client sent them until a worker decodes them, so the front never holds Python objects of the
service's types and nothing between processes is pickled. This module knows no transport and no service.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import msgspec

JSON = "application/json"

# A body as it came: bytes, or a view of shared memory that is freed when nobody looks at it any more.
Body: TypeAlias = bytes | memoryview


# Structs, as every request makes four of these: one is made seven times as fast as a frozen dataclass.
class Payload(msgspec.Struct, frozen=True, gc=False):
    """A body with its media type (`multipart/form-data; boundary=...` included whole)."""

    content_type: str
    body: Body


class Call(msgspec.Struct, frozen=True, gc=False):
    """One request to one API. `headers` are lower-case names with values, in order; `query` is the raw query string.

    `deadline_s`, on this machine's monotonic clock, is when nobody waits any more; 0 where that is not said. `client`
    is host and port of who asks, for methods that take the Context.
    """

    endpoint: str
    payload: Payload
    request_id: str
    method: str = "POST"
    path: str = ""
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    deadline_s: float = 0.0
    client: tuple[str, int] | None = None


class Reply(msgspec.Struct, frozen=True, gc=False):
    """The answer to one call: HTTP status, body, and headers beyond Content-Type and Content-Length.

    `is_rerun`: the method was not called exactly once for its batch, whose duration then says nothing about its cost.
    `worked_s`: seconds that a worker was at this call alone, the way there and back not counted; 0 where not measured.
    """

    status: int
    payload: Payload
    headers: tuple[tuple[str, str], ...] = ()
    is_rerun: bool = False
    worked_s: float = 0.0


class Chunks(Protocol):
    """The pieces of a body, in order. Whoever has them reads them to the end or closes them, begun or not.

    Mostly no generators: one that was never begun would not notice that it is closed.
    """

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Itself."""

    def __anext__(self) -> Awaitable[bytes]:
        """The next piece. Raises StopAsyncIteration at the end, and what whoever makes them did wrong."""

    def aclose(self) -> Awaitable[object]:
        """Wants no more; returns when nothing runs for them any more."""


@dataclass(frozen=True, slots=True, eq=False)
class StreamReply:
    """An answer whose body comes in pieces. Whoever takes it reads `chunks` to its end or closes it (`aclose`).

    `chunks` raises where the service fails in the middle; what was sent stands then, and the connection is cut.
    """

    status: int
    content_type: str
    chunks: Chunks
    headers: tuple[tuple[str, str], ...] = ()


Answer: TypeAlias = Reply | StreamReply
