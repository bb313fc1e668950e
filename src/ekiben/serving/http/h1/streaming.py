"""Writes a StreamReply's body: each chunk when it comes, no faster than the client takes it.

With chunked transfer coding (RFC 9112, section 7.1) the client can tell a body that was cut short from a whole one. A
client of HTTP/1.0 gets the bare bytes and the end of the connection, unless a length was said.
"""

from __future__ import annotations

import logging
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from ekiben.errors import EkibenError
from ekiben.serving.wire import StreamReply

logger = logging.getLogger("ekiben.serving")

LAST_CHUNK = b"0\r\n\r\n"


class Outlet(Protocol):
    """Where chunks go."""

    @property
    def is_full(self) -> bool:
        """Whether the client takes less than it was sent."""

    def write(self, data: bytes | memoryview) -> None:
        """Sends."""

    async def drained(self) -> None:
        """Returns when the client has taken most of it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """`size` bytes of a body, which is not whole where its chunks failed in the middle."""

    size: int
    is_whole: bool


async def send_stream(
    outlet: Outlet, answer: StreamReply, request_id: str, *, is_chunked: bool, length: int | None
) -> Sent:
    """Sends the chunks, and closes their generator whatever happens.

    What breaks off, or is not the `length` bytes that it was said to be, is logged with the reason.
    """
    size = 0
    try:
        async with aclosing(answer.chunks) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if length is not None and size > length:
                    break
                if chunk:  # an empty chunk would be the last one
                    outlet.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if is_chunked else chunk)
                if outlet.is_full:
                    await outlet.drained()
    except Exception as error:  # the service's own, from its generator
        is_ours = isinstance(error, EkibenError)
        logger.error(
            "the reply to request %s broke off after %d bytes: %s",
            request_id,
            size,
            error if is_ours else type(error).__name__,
            exc_info=None if is_ours else error,
        )
        return Sent(size, is_whole=False)
    if length is not None and size != length:
        logger.error("the reply to request %s was said to have %d bytes, and has %d", request_id, length, size)
        return Sent(size, is_whole=False)
    if is_chunked:
        outlet.write(LAST_CHUNK)
    return Sent(size, is_whole=True)
