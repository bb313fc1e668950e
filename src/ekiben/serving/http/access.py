"""The access log: one line per request, as text or as JSON. Where it is off there is no AccessLog, and no cost.

A line is made at once, in some two microseconds, and written by a thread (`line_writer`). What came from the client is
escaped: it begins no line of its own and steers no terminal.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from ekiben.serving.http.line_writer import LineWriter
from ekiben.serving.http.request import Request
from ekiben.serving.logs import LogFormat

# Logs one request: its status, the bytes of its body as sent, and the seconds that it took.
LogAccess: TypeAlias = Callable[[Request, int, int, float], None]

_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")  # what could begin a line of its own or steer a terminal
_encode = msgspec.json.Encoder().encode
_MAX_LOGGED = 1000  # characters of a path or media type


@dataclass(frozen=True, slots=True)
class AccessLogOptions:
    """What a line says. `endpoints` maps the paths of APIs to their names; `skipped` are paths that are not logged."""

    form: LogFormat = "text"
    skipped: frozenset[str] = frozenset()
    has_request_length: bool = True
    has_request_type: bool = False
    has_response_length: bool = True
    endpoints: Mapping[str, str] = field(default_factory=dict)


class AccessLog:
    """Lines go to `writer`, which is this log's own."""

    def __init__(self, options: AccessLogOptions, writer: LineWriter) -> None:
        self._options = options
        self._writer = writer
        self._template = _template(options) if options.form == "text" else None
        self._unknown = "-" if options.form == "text" else None
        self._printed = {path.encode(): path for path in options.endpoints}  # an API's own path needs no escaping
        self._second = 0
        self._stamp = ""

    def record(self, request: Request, status: int, size: int, duration_s: float) -> None:
        """Logs a request that was answered with `status` and a body of `size` bytes, `duration_s` after its head."""
        options, unknown, path = self._options, self._unknown, request.path
        if path in options.skipped:
            return
        now_s = time.time()
        second = int(now_s)
        if second != self._second:
            self._second = second
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        raw = request.target.partition(b"?")[0] or path.encode()
        peer = request.origin.peer() if request.origin is not None else None
        line: dict[str, object] = {
            "time": f"{self._stamp}.{int((now_s - second) * 1000):03d}Z",
            "client": peer[0] if peer is not None else unknown,
            "method": request.method,
            "path": self._printed.get(raw) or printable(raw),
            "status": status,
        }
        if options.has_request_length:
            length = request.fields.get(b"content-length", b"")
            line["request_length"] = int(length) if length.isdigit() else unknown
        if options.has_request_type:
            line["request_type"] = printable(request.fields.get(b"content-type", b"")) or unknown
        if options.has_response_length:
            line["response_length"] = size
        line["duration_ms"] = round(duration_s * 1000, 3)
        line["endpoint"] = options.endpoints.get(path, unknown)
        line["request_id"] = request.id
        self._writer.write(_encode(line) + b"\n" if self._template is None else (self._template % line).encode())

    @property
    def dropped(self) -> int:
        """Lines that nobody took in time."""
        return self._writer.dropped

    def close(self) -> None:
        """Writes what is left."""
        self._writer.close()


def _template(options: AccessLogOptions) -> str:
    """The format of a line of text: the first fields in a row, the others by name."""
    switched = {
        "request_length": options.has_request_length,
        "request_type": options.has_request_type,
        "response_length": options.has_response_length,
    }
    named = [*(name for name, is_on in switched.items() if is_on), "duration_ms", "endpoint", "request_id"]
    fields = " ".join(f"{name}=%({name})s" for name in named)
    return f"%(time)s INFO ekiben.access: %(client)s %(method)s %(path)s %(status)d {fields}\n"


def printable(raw: bytes) -> str:
    """Text as it came, percent signs and all, with what is not printable ASCII escaped; a long one is cut."""
    text = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", raw[:_MAX_LOGGED].decode("latin-1"))
    return text if len(raw) <= _MAX_LOGGED else f"{text}..."
