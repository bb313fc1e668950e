"""An exception -> the reply that the request gets, and what the log keeps of it.

EkibenError with a status other than 500   that status, its message and hint: a service says "404" by raising NotFound
ServiceError                               500 with our own words: the service is written in a way that cannot be served
anything else                              500 with the request's id; the traceback is logged, never sent
"""

from __future__ import annotations

import logging
import math

import msgspec

from ekiben.errors import EkibenError, Overloaded, ServiceError
from ekiben.serving.wire import JSON, Call, Payload, Reply

logger = logging.getLogger("ekiben.serving")

INTERNAL = 500


def error_reply(status: int, error: str, detail: str | None = None, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """A reply with the body that all errors have: `{"error": ..., "detail": ...}`."""
    return Reply(status, Payload(JSON, msgspec.json.encode({"error": error, "detail": detail})), headers)


def failure_reply(error: BaseException, call: Call) -> Reply:
    """The reply to a call during which `error` was raised; failures of the service are logged with their traceback."""
    if isinstance(error, EkibenError) and error.http_status != INTERNAL:
        headers: tuple[tuple[str, str], ...] = ()
        if isinstance(error, Overloaded):
            headers = (("retry-after", str(math.ceil(error.retry_after_s))),)
        return error_reply(error.http_status, error.message, error.hint, headers)
    logger.error("`%s` failed (request id %s)", call.endpoint, call.request_id, exc_info=error)
    if isinstance(error, ServiceError):
        return error_reply(INTERNAL, error.message, f"request id {call.request_id}")
    return error_reply(INTERNAL, "internal server error", f"request id {call.request_id}: the server's log says more")
