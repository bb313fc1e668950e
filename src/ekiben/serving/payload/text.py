"""Text and bytes that are a body, or a piece of one, as they are: where a media type other than JSON is declared."""

from __future__ import annotations

from ekiben.errors import ServiceError
from ekiben.serving.payload.files import BINARY
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Payload


class RawOutput:
    """A result of text or bytes."""

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type

    def named(self, media_type: str) -> RawOutput:
        """The same under another media type."""
        return RawOutput(media_type)

    def encode(self, value: object) -> Payload:
        """Text as UTF-8."""
        return Payload(self.media_type, raw_bytes(value, self.media_type))

    def schema(self) -> JsonSchema:
        """Text, or binary text as OpenAPI says bytes."""
        return raw_schema(self.media_type)


def raw_bytes(value: object, media_type: str) -> bytes:
    """Text as UTF-8, bytes as they are. Raises ServiceError for another value."""
    if isinstance(value, str):
        return encode_text(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    raise ServiceError(f"a `{type(value).__name__}` cannot be sent as `{media_type}`, which takes text or bytes")


def encode_text(text: str) -> bytes:
    """UTF-8. Raises ServiceError for a text that has none: half of a surrogate pair, as a cut of UTF-16 leaves it."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ServiceError(f"the text cannot be written as UTF-8: {error.reason}") from error


def raw_schema(media_type: str) -> JsonSchema:
    """JSON Schema of such a body."""
    return {"type": "string"} if media_type.startswith("text/") else dict(BINARY)
