"""`OutputSpec`: how the result of a method becomes the body of a reply."""

from __future__ import annotations

from typing import Any

from ekiben.serving.payload.kinds import output_codec
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Payload


class OutputSpec:
    """The writer of one API's results: JSON by what the value is, a file or an image where that is declared."""

    def __init__(self, annotation: object = Any) -> None:
        self._codec = output_codec(annotation)

    @property
    def media_type(self) -> str:
        """The media type of replies as documents say it; `image/*` where it depends on the image."""
        return self._codec.media_type

    def encode(self, value: object) -> Payload:
        """The body. Raises ServiceError for a value that cannot be written as declared."""
        return self._codec.encode(value)

    def json_schema(self) -> JsonSchema:
        """JSON Schema of the result."""
        return self._codec.schema()
