"""Errors of a request as the reply that it gets. The body has the shape that workers use, too."""

from __future__ import annotations

import math

from ekiben.errors import EkibenError, Overloaded
from ekiben.serving.failures import INTERNAL, error_reply
from ekiben.serving.wire import Reply

TOO_MANY_REQUESTS = 429
TIMED_OUT = 504
CLIENT_GONE = 499  # nginx's code for a client that closed the connection; only counted, never sent


def reply_to(error: EkibenError) -> Reply:
    """The reply to a request that ended in `error`."""
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(error, Overloaded):
        headers = (("retry-after", str(max(1, math.ceil(error.retry_after_s)))),)
    return error_reply(error.http_status, error.message, error.hint, headers)


def internal_error(request_id: str) -> Reply:
    """The reply where the server itself failed: nothing of it is told, the log has it under the request's id."""
    return error_reply(INTERNAL, "internal server error", f"request id {request_id}: the server's log says more")
