"""The head of a reply as HTTP/1.1, put together from parts that were made once: one lookup and one formatting."""

from __future__ import annotations

from http import HTTPStatus

from ekiben.serving.http.h1.framing import Framing
from ekiben.serving.http.replies import BODILESS, check_status, declared_length, field_of
from ekiben.serving.wire import Answer, Reply

MAX_STARTS = 1000  # beginnings of heads that are kept: services choose statuses and media types, clients do not

_PHRASES = {one.value: one.phrase for one in HTTPStatus}
_starts: dict[tuple[int, str], bytes] = {}


def head_bytes(answer: Answer, request_id: str, date: bytes, framing: Framing) -> bytes:
    """The whole head, as HTTP/1.1. Raises ServiceError for a reply that HTTP cannot carry."""
    if isinstance(answer, Reply):
        content_type = answer.payload.content_type
        length = b"" if answer.status in BODILESS else b"content-length: %d\r\n" % len(answer.payload.body)
    else:
        content_type = answer.content_type
        is_chunked = framing.takes_chunks and answer.status not in BODILESS and declared_length(answer) is None
        length = b"transfer-encoding: chunked\r\n" if is_chunked else b""
    start = _starts.get((answer.status, content_type)) or _start(answer.status, content_type)
    more = b"".join(b"%b: %b\r\n" % field_of(*one) for one in answer.headers) if answer.headers else b""
    identifier = request_id.encode("latin-1")
    return b"%b%bx-request-id: %b\r\n%b%b%b\r\n" % (start, date, identifier, length, framing.field, more)


def _start(status: int, content_type: str) -> bytes:
    """Status line and Content-Type, kept for the next time."""
    check_status(status)
    phrase = _PHRASES.get(status, "")
    start = f"HTTP/1.1 {status} {phrase}\r\n".encode()
    if content_type and status not in BODILESS:
        start += b"%b: %b\r\n" % field_of("content-type", content_type)
    if len(_starts) >= MAX_STARTS:
        _starts.clear()
    _starts[status, content_type] = start
    return start
