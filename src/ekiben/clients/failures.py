"""The status of an answer -> the error that a call raises, with the server's own words."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ekiben.errors import (
    BadInput,
    DeadlineExceeded,
    EkibenError,
    InternalError,
    NotFound,
    Overloaded,
    PayloadTooLarge,
    RequestError,
    RequestTimeout,
    TooManyRequests,
    UnsupportedMediaType,
    WrongMethod,
)

FIRST_ERROR = 400
UNAVAILABLE = 503
_ERRORS: dict[int, type[EkibenError]] = {
    400: BadInput,
    404: NotFound,  # a path that is none, or what a service says by raising it
    405: WrongMethod,
    408: RequestTimeout,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    429: TooManyRequests,
    500: InternalError,
    504: DeadlineExceeded,
}
_SHOWN = 500  # characters of an answer that is not one of ours


class _Words(msgspec.Struct):
    error: str
    detail: str | None = None


class CallRefused(RequestError):
    """Any status of an error that has no class of its own: `http_status` says it."""

    def __init__(self, message: str, *, hint: str | None, http_status: int) -> None:
        super().__init__(message, hint=hint)
        self.http_status = http_status


def error_of(status: int, headers: Mapping[str, str], body: bytes) -> EkibenError:
    """The error of an answer of 400 or above."""
    message, hint = _words(status, body)
    if status == UNAVAILABLE:
        return Overloaded(message, hint=hint, retry_after_s=retry_after_s(headers) or 1.0)
    made = _ERRORS.get(status)
    return CallRefused(message, hint=hint, http_status=status) if made is None else made(message, hint=hint)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header; None where there is none, or a date."""
    said = headers.get("retry-after", "").strip()
    return float(said) if said.isdigit() else None


def _words(status: int, body: bytes) -> tuple[str, str | None]:
    try:
        words = msgspec.json.decode(body, type=_Words)
    except msgspec.MsgspecError:
        text = body[:_SHOWN].decode("utf-8", "replace").strip()
        return text or f"the server answered {status}", None
    return words.error, words.detail
