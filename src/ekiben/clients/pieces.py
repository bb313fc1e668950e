"""`PieceReader`: the pieces of a streamed answer as they come -> the items that a call gives.

text          text, never cut inside a character
JSON lines    one value a line
bytes         as they come
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

import msgspec

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.clients.results import typed

_LINES = ("ndjson", "jsonl", "json-lines", "json")


class PieceReader:
    """Reads one stream, of the media type `content_type`."""

    def __init__(self, endpoint: ClientEndpoint, content_type: str) -> None:
        self._types = endpoint.output
        media_type = content_type.partition(";")[0].strip().lower()
        self._has_lines = media_type.endswith(_LINES)
        self._is_text = media_type.startswith("text/") and endpoint.output.get("format") != "binary"
        self._text = codecs.getincrementaldecoder("utf-8")("replace")
        self._line = b""

    def feed(self, piece: bytes) -> Iterator[object]:
        """The items that are complete now."""
        if self._has_lines:
            *lines, self._line = (self._line + piece).split(b"\n")
            yield from (self._value(line) for line in lines if line.strip())
        elif self._is_text:
            if text := self._text.decode(piece):
                yield text
        elif piece:
            yield piece

    def end(self) -> Iterator[object]:
        """What was left at the end."""
        if self._line.strip():
            yield self._value(self._line)
        if text := self._text.decode(b"", final=True):
            yield text

    def _value(self, line: bytes) -> object:
        return typed(msgspec.json.decode(line), self._types)
