"""`Caller`: the request that a method is answering. What goes along with its calls to other services."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextvars import ContextVar

import msgspec

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.wire import Call

# W3C Trace Context and Baggage; Zipkin's B3, in one header and in several.
TRACE_HEADERS = frozenset(
    {"traceparent", "tracestate", "baggage", "b3"}
    | {f"x-b3-{name}" for name in ("traceid", "spanid", "parentspanid", "sampled", "flags")}
)


class Caller(msgspec.Struct):
    """`deadline_s` is on this machine's monotonic clock, 0 where there is none; `headers` are those of a trace.

    `folder` is where files of replies are stored: it goes when the request is answered.
    """

    request_id: str
    deadline_s: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()
    folder: RequestFolder | None = None


CALLER: ContextVar[Caller | None] = ContextVar("the request that is being answered", default=None)


def caller_of(calls: Sequence[Call]) -> Caller:
    """The caller of requests that are answered together: the first one's id and trace, the latest deadline."""
    first = calls[0]
    headers = tuple(one for one in first.headers if one[0] in TRACE_HEADERS)
    has_end = all(call.deadline_s for call in calls)
    deadline_s = max(call.deadline_s for call in calls) if has_end else 0.0
    return Caller(first.request_id, deadline_s, headers)


def current_caller() -> Caller:
    """The caller of this context; a new one where nothing is being answered, as in a start-up hook."""
    return CALLER.get() or Caller(uuid.uuid4().hex)
