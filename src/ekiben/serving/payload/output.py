"""`OutputSpec`: how the result of a method becomes the body of a reply."""

from __future__ import annotations

from typing import Any

from ekiben.serving.payload.codec import MirrorCodec, OutputCodec, RowsCodec
from ekiben.serving.payload.kinds import output_codec
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.values import VALUES, encode_values
from ekiben.serving.wire import Payload


class OutputSpec:
    """The writer of one API's results: JSON by what the value is, a file or an image where that is declared.

    An array is written as the request was: as JSON, or as a file of numpy's. To another service's request any value is
    sent as it is.
    """

    def __init__(self, annotation: object = Any) -> None:
        self._codec = output_codec(annotation)
        self._rows = self._codec if isinstance(self._codec, RowsCodec) else None
        self._others: dict[str, OutputCodec] = {}
        if isinstance(self._codec, MirrorCodec):
            self._others[self._codec.body_media_type] = self._codec.named(self._codec.body_media_type)

    @property
    def media_type(self) -> str:
        """The media type of replies as documents say it; `image/*` where it depends on the image."""
        return self._codec.media_type

    @property
    def other_media_types(self) -> tuple[str, ...]:
        """What replies are to requests of the same media type."""
        return tuple(self._others)

    def encode(self, value: object, request: str = "") -> Payload:
        """The body, where `request` is the media type of the request's.

        Raises ServiceError for a value that cannot be written as declared.
        """
        if request == VALUES:
            return encode_values(value, "the result")
        codec = self._others.get(request) if self._others else None
        return (codec or self._codec).encode(value)

    def plain_rows(self, value: object) -> object:
        """The result of a batch, or plainer rows that are written alike, for requests that sent JSON."""
        return value if self._rows is None else self._rows.plain_rows(value)

    def json_schema(self) -> JsonSchema:
        """JSON Schema of the result."""
        return self._codec.schema()
