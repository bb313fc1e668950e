"""What a front and its child say to each other. Heads go as msgpack, bodies raw behind them (`frames`).

    front -> child   Start · Run · Cancel · Probe · Stop
    child -> front   Ready | Failed · Done · Alive

Both ends are always of one version: the front starts the child from its own installation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ekiben.serving.declare.options import BatchOptions
from ekiben.serving.wire import Call, Payload, Reply
from ekiben.serving.workers.frames import frame, split


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The shape that all share: an array that begins with the message's name."""


class Start(Message, frozen=True):
    """The child's first message: the service to bring up and how.

    `root` is its folder, `bento` the Bento that lookups of models stay in, `batching` the options of each batchable
    API.
    """

    service: str
    root: str
    bento: str | None
    threads: int
    batching: dict[str, BatchOptions]
    log_level: str


class Ready(Message, frozen=True):
    """The service stands and answers."""


class Failed(Message, frozen=True):
    """The service could not be brought up; the child ends. `hint` as in EkibenError."""

    message: str
    hint: str | None


class CallHead(msgspec.Struct, frozen=True, array_like=True):
    """A Call without its body."""

    content_type: str
    size: int
    request_id: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]


class Run(Message, frozen=True):
    """Calls to one endpoint, to be run together; answered by Done with the same number."""

    number: int
    endpoint: str
    calls: list[CallHead]


class ReplyHead(msgspec.Struct, frozen=True, array_like=True):
    """A Reply without its body."""

    status: int
    content_type: str
    size: int
    headers: tuple[tuple[str, str], ...]


class Done(Message, frozen=True):
    """One reply per call, in order."""

    number: int
    replies: list[ReplyHead]


class Cancel(Message, frozen=True):
    """Nobody waits for this run any more: an async API is cancelled, a batch in a thread stops between two calls."""

    number: int


class Probe(Message, frozen=True):
    """Asks for Alive."""


class Alive(Message, frozen=True):
    """The child's loop turns."""


class Stop(Message, frozen=True):
    """Shut the service down and end."""


AnyMessage: TypeAlias = Start | Ready | Failed | Run | Done | Cancel | Probe | Alive | Stop

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: AnyMessage, bodies: Sequence[bytes] = ()) -> list[bytes]:
    """The pieces to write."""
    return frame(_encoder.encode(message), bodies)


def decode(header: bytes) -> AnyMessage:
    """The message of a frame's header."""
    return _decoder.decode(header)


def encode_run(number: int, endpoint: str, calls: Sequence[Call]) -> list[bytes]:
    """The pieces of a Run with its bodies."""
    heads = [
        CallHead(
            call.payload.content_type,
            len(call.payload.body),
            call.request_id,
            call.method,
            call.path,
            call.query,
            call.headers,
        )
        for call in calls
    ]
    return encode(Run(number, endpoint, heads), [call.payload.body for call in calls])


def calls_of(run: Run, joined: memoryview) -> list[Call]:
    """The calls of a Run."""
    bodies = split(joined, [head.size for head in run.calls])
    return [
        Call(
            run.endpoint,
            Payload(head.content_type, body),
            head.request_id,
            head.method,
            head.path,
            head.query,
            head.headers,
        )
        for head, body in zip(run.calls, bodies, strict=True)
    ]


def encode_done(number: int, replies: Sequence[Reply]) -> list[bytes]:
    """The pieces of a Done with its bodies."""
    heads = [
        ReplyHead(reply.status, reply.payload.content_type, len(reply.payload.body), reply.headers) for reply in replies
    ]
    return encode(Done(number, heads), [reply.payload.body for reply in replies])


def replies_of(done: Done, joined: memoryview) -> list[Reply]:
    """The replies of a Done."""
    bodies = split(joined, [head.size for head in done.replies])
    return [
        Reply(head.status, Payload(head.content_type, body), head.headers)
        for head, body in zip(done.replies, bodies, strict=True)
    ]
