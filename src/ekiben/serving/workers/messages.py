"""What a front and its child say to each other. Heads go as msgpack, bodies raw behind them (`frames`).

    front -> child   Start · Run · Stream · Took · Cancel · Probe · Measure · Stop
    child -> front   Ready | Failed · Done · Head, Chunk..., End | Fault · Alive · Measured

    A call to another service goes the other way, in numbers of its own:
    child -> front   Ask · Took · Cancel
    front -> child   Done · Head, Chunk..., End | Fault

Both ends are always of one version: the front starts the child from its own installation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.logs import LogFormat
from ekiben.serving.metrics.family import Family
from ekiben.serving.shared_memory import block_of
from ekiben.serving.wire import Body, Call, Payload, Reply
from ekiben.serving.workers.framing import ATTACHED, Bodies


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The shape that all share: an array that begins with the message's name."""


class Start(Message, frozen=True):
    """The child's first message: the service to bring up and how.

    `member` names one of the services that `service` depends on, None the service itself. `root` is its folder, `bento`
    the Bento that lookups of models stay in, `batching` the options of each batchable API; `warms_up` whether the
    examples of APIs are answered before it is ready.
    """

    service: str
    member: str | None
    root: str
    bento: str | None
    threads: int
    batching: dict[str, BatchOptions]
    log_level: str
    log_format: LogFormat = "text"
    warms_up: bool = True


class Ready(Message, frozen=True):
    """The service stands and answers; what it says of itself (`health`)."""

    is_alive: bool
    is_ready: bool


class Failed(Message, frozen=True):
    """The service could not be brought up; the child ends. `hint` as in EkibenError."""

    message: str
    hint: str | None


class Attach(Message, frozen=True):
    """Brings one large body of the next message, in a block of its own that goes on as it came."""


class CallHead(msgspec.Struct, frozen=True, array_like=True):
    """A Call without its body; `size` is its length, or says that it came ahead (`framing.ATTACHED`)."""

    content_type: str
    size: int
    request_id: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    deadline_s: float
    client: tuple[str, int] | None


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
    is_rerun: bool
    worked_s: float


class Done(Message, frozen=True):
    """One reply per call, in order."""

    number: int
    replies: list[ReplyHead]


class Stream(Message, frozen=True):
    """A call whose answer may come in pieces: Done where it does not, else Head, Chunks, and End or Fault."""

    number: int
    endpoint: str
    call: CallHead


class Ask(Message, frozen=True):
    """A call to an API of another service; answered as a Stream is."""

    number: int
    service: str
    endpoint: str
    call: CallHead


class Head(Message, frozen=True):
    """What a StreamReply says before its chunks; its first chunk is there."""

    number: int
    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]


class Chunk(Message, frozen=True):
    """A piece of a stream's body."""

    number: int


class Took(Message, frozen=True):
    """So many chunks and bytes more of a stream were taken: as many may follow (`chunks.Window`)."""

    number: int
    chunks: int
    size: int


class End(Message, frozen=True):
    """The stream is complete, or was cancelled: nothing of it runs any more."""

    number: int


class Fault(Message, frozen=True):
    """The stream broke off, for the client's ears in these words. Nothing of it runs any more."""

    number: int
    message: str


class Cancel(Message, frozen=True):
    """Nobody waits for this run or stream any more.

    An async API is cancelled; a batch in a thread stops between two calls, a sync generator between two chunks.
    """

    number: int


class Probe(Message, frozen=True):
    """Asks for Alive."""


class Alive(Message, frozen=True):
    """The child's loop turns; what its service says of itself (`health`)."""

    is_alive: bool
    is_ready: bool


class Measure(Message, frozen=True):
    """Asks for Measured."""


class Measured(Message, frozen=True):
    """What the service's own metrics say, as totals since the child began; also told unasked, when it has changed."""

    families: list[Family]


class Stop(Message, frozen=True):
    """Shut the service down and end."""


AnyMessage: TypeAlias = (
    Start
    | Ready
    | Failed
    | Run
    | Done
    | Stream
    | Ask
    | Attach
    | Head
    | Chunk
    | Took
    | End
    | Fault
    | Cancel
    | Probe
    | Alive
    | Measure
    | Measured
    | Stop
)

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyMessage] = msgspec.msgpack.Decoder(AnyMessage)


def encode(message: AnyMessage) -> bytes:
    """The header of the message's frame."""
    return _encoder.encode(message)


def decode(header: bytes | memoryview) -> AnyMessage:
    """The message of a frame's header."""
    return _decoder.decode(header)


def size_of(body: Body) -> int:
    """What a head says of a body: its length, or that it is in shared memory and comes by itself."""
    return len(body) if type(body) is bytes or block_of(body) is None else ATTACHED


def head_of(call: Call) -> CallHead:
    """The call without its body."""
    payload = call.payload
    return CallHead(
        payload.content_type,
        size_of(payload.body),
        call.request_id,
        call.method,
        call.path,
        call.query,
        call.headers,
        call.deadline_s,
        call.client,
    )


def run_of(number: int, endpoint: str, calls: Sequence[Call]) -> tuple[Run, list[Body]]:
    """A Run and the bodies that go with it."""
    return Run(number, endpoint, [head_of(call) for call in calls]), [call.payload.body for call in calls]


def calls_of(endpoint: str, heads: Sequence[CallHead], bodies: Bodies) -> list[Call]:
    """The calls that these are the heads of."""
    return [
        Call(
            endpoint,
            Payload(head.content_type, body),
            head.request_id,
            head.method,
            head.path,
            head.query,
            head.headers,
            head.deadline_s,
            head.client,
        )
        for head, body in zip(heads, bodies.split([head.size for head in heads]), strict=True)
    ]


def done_of(number: int, replies: Sequence[Reply]) -> tuple[Done, list[Body]]:
    """A Done and the bodies that go with it."""
    heads = [
        ReplyHead(
            reply.status,
            reply.payload.content_type,
            size_of(reply.payload.body),
            reply.headers,
            reply.is_rerun,
            reply.worked_s,
        )
        for reply in replies
    ]
    return Done(number, heads), [reply.payload.body for reply in replies]


def replies_of(done: Done, bodies: Bodies) -> list[Reply]:
    """The replies of a Done."""
    return [
        Reply(head.status, Payload(head.content_type, body), head.headers, head.is_rerun, head.worked_s)
        for head, body in zip(done.replies, bodies.split([head.size for head in done.replies]), strict=True)
    ]
