"""What every transport sends of an Answer beside its body, and what is sent where there is no answer."""

from __future__ import annotations

import logging
import re
from typing import TypeAlias

from ekiben.errors import RequestError, ServiceError
from ekiben.serving.failures import internal_error, reply_to
from ekiben.serving.wire import Answer, Reply, StreamReply

logger = logging.getLogger("ekiben.serving")

Fields: TypeAlias = list[tuple[bytes, bytes]]

BODILESS = (204, 304)  # RFC 9110, section 6.4.1: replies with these statuses have no content
HANDLER_FAULTS = (Exception,)  # what the last resort takes: no fault of ours may show its insides
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110, section 5.5: what no header may hold, tab excepted
_LENGTH = b"content-length"


def head_fields(answer: Answer, request_id: str) -> Fields:
    """The headers of a reply. Raises ServiceError for a reply that HTTP cannot carry."""
    check_status(answer.status)
    fields = [(b"x-request-id", request_id.encode("latin-1"))]
    if answer.status not in BODILESS:
        content_type = answer.payload.content_type if isinstance(answer, Reply) else answer.content_type
        if content_type:
            fields.append(field_of("content-type", content_type))
        if isinstance(answer, Reply):
            fields.append((_LENGTH, b"%d" % len(answer.payload.body)))
    fields += [field_of(name, value) for name, value in answer.headers]
    return fields


def declared_length(answer: StreamReply) -> int | None:
    """How many bytes a stream says that it has: a mounted app knows it of a file."""
    for name, value in answer.headers:
        if name == "content-length":
            return int(value)
    return None


def fault_reply(error: Exception, request_id: str) -> Reply:
    """The reply to a request whose handler raised, or whose reply cannot be sent: the last resort."""
    if isinstance(error, RequestError):
        return reply_to(error, request_id)
    if isinstance(error, ServiceError):
        logger.error("request %s cannot be answered as the service says: %s", request_id, error)
        return reply_to(error, request_id)
    logger.error("request %s failed in the server itself", request_id, exc_info=error)
    return internal_error(request_id)


def check_status(status: int) -> None:
    """Raises ServiceError for what is no status of a reply."""
    if not 200 <= status <= 599:
        raise ServiceError(f"`{status}` is no status of a reply", hint="200 to 599")


def field_of(name: str, value: str) -> tuple[bytes, bytes]:
    """A header as bytes. Raises ServiceError where it would not stay one header."""
    if not value.isascii() or _CONTROL.search(value):
        raise ServiceError(f"the header `{name}` cannot have the value {value!r}")
    return name.encode("latin-1"), value.encode("latin-1")
