"""Calls and replies without their bodies, as a row has them: msgpack, field by field."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ekiben.errors import StoreError
from ekiben.serving.wire import Call, Payload, Reply

H = TypeVar("H")


class CallHead(msgspec.Struct, frozen=True, array_like=True):
    """What of a call is not its body. What it had to be answered by, and where it came from, is over."""

    endpoint: str
    content_type: str
    request_id: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]


class ReplyHead(msgspec.Struct, frozen=True, array_like=True):
    """What of a reply is not its body."""

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]


def pack_call(call: Call) -> bytes:
    """The head of a call."""
    media_type = call.payload.content_type
    return msgspec.msgpack.encode(
        CallHead(call.endpoint, media_type, call.request_id, call.method, call.path, call.query, call.headers)
    )


def unpack_call(head: bytes, body: bytes) -> Call:
    """The call of which `head` was packed. Raises StoreError where it was not."""
    read = _unpacked(head, CallHead)
    payload = Payload(read.content_type, body)
    return Call(read.endpoint, payload, read.request_id, read.method, read.path, read.query, read.headers)


def pack_reply(reply: Reply) -> bytes:
    """The head of a reply."""
    return msgspec.msgpack.encode(ReplyHead(reply.status, reply.payload.content_type, reply.headers))


def unpack_reply(head: bytes, body: bytes) -> Reply:
    """The reply of which `head` was packed. Raises StoreError where it was not."""
    read = _unpacked(head, ReplyHead)
    return Reply(read.status, Payload(read.content_type, body), read.headers)


def _unpacked(head: bytes, kind: type[H]) -> H:
    try:
        return msgspec.msgpack.decode(head, type=kind)
    except msgspec.MsgspecError as error:
        raise StoreError(f"a row of the queue of tasks cannot be read: {error}") from error
