"""The access log: one line per request, as text or as JSON. Where it is off there is no AccessLog, and no cost.

A line is made at once, in some two microseconds, and written by a thread (`line_writer`). What came from the client is
escaped: it begins no line of its own and steers no terminal.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from ekiben.serving.http.request import Request
from ekiben.serving.line_writer import LineWriter
from ekiben.serving.logs import LogFormat

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
        self._printed = {path.encode(): path for path in options.endpoints}  # needs no escaping: an API's own path
        self._second = 0
        self._stamp = ""
        self._form = _text if options.form == "text" else _json

    def record(self, request: Request, status: int, size: int, duration_s: float) -> None:
        """Logs a request that was answered with `status` and a body of `size` bytes, `duration_s` after its head."""
        options, path = self._options, request.path
        if path in options.skipped:
            return
        now_s = time.time()
        if int(now_s) != self._second:
            self._second = int(now_s)
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now_s))
        raw = request.target.partition(b"?")[0] or path.encode()
        peer = request.origin.peer() if request.origin is not None else None
        line: dict[str, object] = {
            "time": f"{self._stamp}.{int(now_s % 1 * 1000):03d}Z",
            "client": peer[0] if peer is not None else None,
            "method": request.method,
            "path": self._printed.get(raw) or printable(raw),
            "status": status,
        }
        if options.has_request_length:
            length = request.fields.get(b"content-length")
            line["request_length"] = int(length) if length is not None and length.isdigit() else None
        if options.has_request_type:
            line["request_type"] = printable(request.fields.get(b"content-type", b"")) or None
        if options.has_response_length:
            line["response_length"] = size
        line["duration_ms"] = round(duration_s * 1000, 3)
        line["endpoint"] = options.endpoints.get(path)
        line["request_id"] = request.id
        self._writer.write(self._form(line))

    @property
    def dropped(self) -> int:
        """Lines that nobody took in time."""
        return self._writer.dropped

    def close(self) -> None:
        """Writes what is left."""
        self._writer.close()


def _json(line: dict[str, object]) -> bytes:
    return _encode(line) + b"\n"


def _text(line: dict[str, object]) -> bytes:
    """The first five fields in a row, the others by name; `-` for what is not known."""
    words = ["-" if value is None else str(value) for value in line.values()]
    named = [f"{name}={word}" for name, word in zip(list(line)[5:], words[5:], strict=True)]
    return " ".join([words[0], "INFO ekiben.access:", *words[1:5], *named]).encode() + b"\n"


def printable(raw: bytes) -> str:
    """Text as it came, percent signs and all, with what is not printable ASCII escaped; a long one is cut."""
    text = _UNPRINTABLE.sub(lambda found: f"\\x{ord(found[0]):02x}", raw[:_MAX_LOGGED].decode("latin-1"))
    return text if len(raw) <= _MAX_LOGGED else f"{text}..."
