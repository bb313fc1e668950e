"""`PieceReader`: the pieces of a streamed answer as they come -> the items that a call gives.

JSON lines    their values, as the API says them
text          text, never cut inside a character
bytes         as they come
"""

from __future__ import annotations

from collections.abc import Iterator

from ekiben.clients.endpoints import ClientEndpoint
from ekiben.clients.results import typed
from ekiben.serving.calling.streams import BytesReader, ItemReader, LineReader, item_reader

_LINES = ("ndjson", "jsonl", "json-lines")


class PieceReader:
    """Reads one stream, of the media type `content_type`."""

    def __init__(self, endpoint: ClientEndpoint, content_type: str) -> None:
        self._types = endpoint.output
        self._reader = _reader_of(endpoint, content_type)

    def feed(self, piece: bytes) -> Iterator[object]:
        """The items that are complete now."""
        yield from (typed(item, self._types) for item in self._reader.read(piece))

    def end(self) -> Iterator[object]:
        """What was left at the end."""
        yield from (typed(item, self._types) for item in self._reader.rest())


def _reader_of(endpoint: ClientEndpoint, content_type: str) -> ItemReader:
    if content_type.partition(";")[0].strip().lower().endswith(_LINES):
        return LineReader()
    return BytesReader() if endpoint.output.get("format") == "binary" else item_reader(content_type)
