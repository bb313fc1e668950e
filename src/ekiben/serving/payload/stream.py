"""`StreamSpec`: how what a method yields, item by item, becomes the body of a reply.

    text         str                       text/plain, one item after the other
    octets       bytes                     application/octet-stream
    events       SSE                       text/event-stream; str and bytes are taken for ready events
    JSON lines   everything else           application/x-ndjson, one value a line

The annotation decides, `ContentType` before the item's type; where they leave it open, the first item does.
"""

from __future__ import annotations

import types
from typing import Any, Protocol, cast, get_origin

from ekiben.serving.payload.annotations import content_type_of, iteration_of, without_metadata
from ekiben.serving.payload.events import SSE
from ekiben.serving.payload.files import OCTETS
from ekiben.serving.payload.json_values import encode_json, output_schema
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.text import encode_text, raw_bytes, raw_schema

TEXT = "text/plain; charset=utf-8"
EVENTS = "text/event-stream"
NDJSON = "application/x-ndjson"
ANY = "*/*"
_JSON_LINES = frozenset({NDJSON, "application/ndjson", "application/jsonl", "application/json-lines"})


class ItemWriter(Protocol):
    """Writes the items of one stream."""

    @property
    def media_type(self) -> str:
        """Of the whole body."""

    def encode(self, item: object) -> bytes:
        """The item's part of the body. Raises ServiceError for one that cannot be part of it."""


class RawWriter:
    """Text and bytes as they are."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type

    def encode(self, item: object) -> bytes:
        """Text as UTF-8."""
        return raw_bytes(item, self.media_type)


class EventWriter:
    """Server-sent events."""

    media_type = EVENTS

    def encode(self, item: object) -> bytes:
        """An SSE, an event that is written already, or any other value as the data of an event, as JSON."""
        if isinstance(item, SSE):
            return encode_text(item.marshal())
        if isinstance(item, str | bytes | bytearray | memoryview):
            return raw_bytes(item, EVENTS)
        return b"data: " + encode_json(item, "what was yielded") + b"\n\n"


class LineWriter:
    """JSON lines."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type

    def encode(self, item: object) -> bytes:
        """The value as JSON, and a line's end."""
        return encode_json(item, "what was yielded") + b"\n"


class StreamSpec:
    """The writer of one API's stream, from the annotation of its result."""

    def __init__(self, annotation: object = Any) -> None:
        iteration = iteration_of(annotation)
        self._item = Any if iteration is None else iteration.item
        content_type = content_type_of(annotation)
        self._writer = _of_item(self._item) if content_type is None else _of_media_type(content_type)

    @property
    def media_type(self) -> str:
        """The media type of replies as documents say it; `*/*` where the first item decides."""
        return ANY if self._writer is None else self._writer.media_type

    @property
    def other_media_types(self) -> tuple[str, ...]:
        """None: a stream does not go by its request."""
        return ()

    def writer(self, first: object) -> ItemWriter:
        """The writer of a stream that begins with this item."""
        return self._writer or _of_class(type(first))

    def json_schema(self) -> JsonSchema:
        """JSON Schema of the text, of the bytes, or of one line; any where the first item decides."""
        match self._writer:
            case None:
                return {}
            case LineWriter():
                return output_schema(self._item)
            case writer:
                return raw_schema(writer.media_type)


def _of_media_type(media_type: str) -> ItemWriter:
    essence = media_type.partition(";")[0].strip().lower()
    if essence == EVENTS:
        return EventWriter()
    return LineWriter(media_type) if essence in _JSON_LINES else RawWriter(media_type)


def _of_item(annotation: object) -> ItemWriter | None:
    """The writer that the type of the items asks for; None where it may be several."""
    plain = without_metadata(annotation)
    origin = get_origin(plain) or plain
    is_open = plain in (Any, object) or origin is types.UnionType or not isinstance(origin, type)
    return None if is_open else _of_class(cast(type, origin))


def _of_class(cls: type) -> ItemWriter:
    if issubclass(cls, str):
        return RawWriter(TEXT)
    if issubclass(cls, bytes | bytearray | memoryview):
        return RawWriter(OCTETS)
    return EventWriter() if issubclass(cls, SSE) else LineWriter(NDJSON)
