"""The access log: one line per request, where it is switched on; else nothing of it is called."""

from __future__ import annotations

import logging
import re

from ekiben.serving.http.request import Request

access_logger = logging.getLogger("ekiben.access")

_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")  # what could begin a line of its own or steer a terminal
_MAX_LOGGED = 1000  # characters of a path in the access log


def log_access(request: Request, status: int, size: int, duration_s: float) -> None:
    """Logs a request with its status, the bytes of its reply's body, and the seconds that it took."""
    path = printable_path(request.target.partition(b"?")[0])
    access_logger.info("%s %s %d %dB %.1fms %s", request.method, path, status, size, duration_s * 1000, request.id)


def printable_path(raw: bytes) -> str:
    """A path as it came, percent signs and all, with what is not printable ASCII escaped; a long one is cut."""
    text = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", raw[:_MAX_LOGGED].decode("latin-1"))
    return text if len(raw) <= _MAX_LOGGED else f"{text}..."
