"""An exception -> the reply that the request gets, and what the log keeps of it.

    EkibenError with a status but 500   that status, its message and hint: a service says "404" by raising NotFound
    ServiceError                        500 with our own words: the service is written in a way that cannot be served
    anything else                       500 with the request's id; the traceback is logged, never sent

All errors of the server have the body `{"error": ..., "detail": ...}`. What ends a coroutine itself is no failure, and
gets no reply here (`is_own_end`).
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence

import msgspec

from ekiben.errors import CalleeFailed, EkibenError, Overloaded, ServiceError, WorkerLost
from ekiben.serving.wire import JSON, Call, Payload, Reply

logger = logging.getLogger("ekiben.serving")

INTERNAL = 500


def is_own_end(error: BaseException) -> bool:
    """Whether `error` ends the running coroutine itself (cancelled or closed) rather than being user code's."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # closed after its loop has ended
        return True
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def error_reply(status: int, error: str, detail: str | None = None, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A reply with the body that all errors have: `{"error": ..., "detail": ...}`."""
    return Reply(status, Payload(JSON, msgspec.json.encode({"error": error, "detail": detail})), headers)


def failure_replies(error: BaseException, calls: Sequence[Call]) -> list[Reply]:
    """The replies to calls that `error` ended together; a failure of the service is logged once, with its traceback."""
    if not isinstance(error, EkibenError) or error.http_status == INTERNAL:
        ids = ", ".join(call.request_id for call in calls)
        if isinstance(error, CalleeFailed):
            logger.error("`%s` failed (request id %s), because of %s", calls[0].endpoint, ids, error.message)
        else:
            logger.error("`%s` failed (request id %s)", calls[0].endpoint, ids, exc_info=error)
    return [reply_to(error, call.request_id) for call in calls]


def failure_reply(error: BaseException, call: Call) -> Reply:
    """The reply to a call during which `error` was raised; a failure of the service is logged with its traceback."""
    return failure_replies(error, [call])[0]


def reply_to(error: BaseException, request_id: str) -> Reply:
    """The reply to the request that `error` ended. Logs nothing."""
    if isinstance(error, EkibenError) and error.http_status != INTERNAL:
        headers: tuple[tuple[str, str], ...] = ()
        if isinstance(error, Overloaded):
            headers = (("retry-after", str(math.ceil(error.retry_after_s))),)
        return error_reply(error.http_status, error.message, error.hint, headers)
    if isinstance(error, ServiceError):
        return error_reply(INTERNAL, error.message, f"request id {request_id}")
    if isinstance(error, WorkerLost):
        return internal_error(request_id, error.message)
    return internal_error(request_id)


def internal_error(request_id: str, why: str = "the server's log says more") -> Reply:
    """The 500 that tells nothing of what happened inside, but for `why`."""
    return error_reply(INTERNAL, "internal server error", f"request id {request_id}: {why}")
