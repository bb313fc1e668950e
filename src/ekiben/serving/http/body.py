"""Reading a body within its limit, before it is held."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from ekiben.errors import BadInput, PayloadTooLarge

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]


async def read_body(receive: Receive, declared: bytes | None, limit: int) -> bytes:
    """The body. `declared` is Content-Length's value: one over `limit` is refused before a byte is read.

    Raises PayloadTooLarge beyond `limit` bytes, BadInput where the client stops in the middle.
    """
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    body, has_more = await _next_piece(receive)
    if not has_more:
        if len(body) > limit:
            raise _too_large(limit)
        return body
    pieces = [body]
    size = len(body)
    while has_more:
        if size > limit:
            raise _too_large(limit)
        piece, has_more = await _next_piece(receive)
        pieces.append(piece)
        size += len(piece)
    if size > limit:
        raise _too_large(limit)
    return b"".join(pieces)


async def _next_piece(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise BadInput("the body ended early")
    return message.get("body", b""), message.get("more_body", False)


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"the body is larger than {limit} bytes", hint="`http.max_body` sets the limit")
