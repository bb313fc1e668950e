"""Parses a `multipart/form-data` body that is in memory whole, within limits.

Source: RFC 7578. The parsing is python-multipart's; here are the limits and the shape of the result. Not here: limits
on the body's size, which the HTTP front holds before anything is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from ekiben.errors import BadInput
from ekiben.serving.wire import Body, Payload

MULTIPART = "multipart/form-data"
MAX_PARTS = 1000  # parts of one body: far above any form, far below what costs seconds to take apart
MAX_HEADERS = 8  # header fields of one part; RFC 7578 knows three
MAX_HEADER_BYTES = 4096  # bytes of one part's header field
PIECE_BYTES = 256 * 1024  # what the parser gets at once: it reads bytes only, and a body may be a view of other memory
MAX_BOUNDARY = 70  # characters; RFC 2046, section 5.1.1


@dataclass(slots=True)
class Unpacked:
    """How many bytes the parts of one form have become in memory: small files may be large images."""

    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. `file_name` is None for a plain field; it is the client's word, not a safe path.

    The parts of one form share `unpacked`, for codecs that bound what a request unpacks to.
    """

    name: str
    file_name: str | None
    content_type: str
    content: Body
    unpacked: Unpacked = field(default_factory=Unpacked, compare=False)


@dataclass(slots=True)
class _Collector:
    """Receives the parser's events; header names and values may come in pieces."""

    body_limit: int
    parts: list[Part] = field(default_factory=list)
    unpacked: Unpacked = field(default_factory=Unpacked)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    header_name: bytes = b""
    header_value: bytes = b""
    content: bytearray = field(default_factory=bytearray)

    def part_begin(self) -> None:
        if len(self.parts) >= self.body_limit:
            raise BadInput(f"the form has more than {self.body_limit} parts")
        self.headers, self.content = {}, bytearray()

    def add_to_name(self, data: bytes, start: int, end: int) -> None:
        self.header_name += data[start:end]

    def add_to_value(self, data: bytes, start: int, end: int) -> None:
        self.header_value += data[start:end]

    def header_end(self) -> None:
        self.headers[self.header_name.lower()] = self.header_value
        self.header_name = self.header_value = b""

    def add_content(self, data: bytes, start: int, end: int) -> None:
        self.content += data[start:end]

    def part_end(self) -> None:
        _, options = parse_options_header(self.headers.get(b"content-disposition"))
        if b"name" not in options:
            raise BadInput("a part of the form has no name")
        file_name = options.get(b"filename")
        self.parts.append(
            Part(
                name=options[b"name"].decode("utf-8", "replace"),
                file_name=None if file_name is None else file_name.decode("utf-8", "replace"),
                content_type=self.headers.get(b"content-type", b"").decode("latin-1"),
                content=bytes(self.content),
                unpacked=self.unpacked,
            )
        )


def parse_multipart(payload: Payload) -> list[Part]:
    """The parts of the body, in order. Raises BadInput for a body that is no form, or one beyond the limits."""
    _, options = parse_options_header(payload.content_type)
    boundary = options.get(b"boundary", b"")
    if not 1 <= len(boundary) <= MAX_BOUNDARY:
        raise BadInput(f"the Content-Type names no boundary of 1 to {MAX_BOUNDARY} characters")
    collector = _Collector(MAX_PARTS)
    ended: list[bool] = []
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": collector.part_begin,
            "on_header_field": collector.add_to_name,
            "on_header_value": collector.add_to_value,
            "on_header_end": collector.header_end,
            "on_part_data": collector.add_content,
            "on_part_end": collector.part_end,
            "on_end": lambda: ended.append(True),
        },
        max_header_count=MAX_HEADERS,
        max_header_size=MAX_HEADER_BYTES,
    )
    try:
        for start in range(0, len(payload.body), PIECE_BYTES):
            parser.write(bytes(payload.body[start : start + PIECE_BYTES]))
        parser.finalize()
    except MultipartParseError as error:
        raise BadInput(f"the body is no multipart form: {error}") from error
    if not ended:
        raise BadInput("the body is no multipart form: its last boundary is missing")
    return collector.parts
