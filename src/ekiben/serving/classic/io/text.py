"""`Text`: a text, or one that comes in pieces."""

from __future__ import annotations

from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, refuse_result, text_of, text_payload
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Payload

EVENTS = "text/event-stream"


class Text(IODescriptor):
    """UTF-8 text. As an output with `content_type="text/event-stream"`, what the function's iterator yields."""

    def __init__(self, content_type: str = "text/plain") -> None:
        if not content_type.startswith("text/"):
            raise ServiceError(f"`{content_type}` is no text", hint="`text/plain` or `text/event-stream`")
        self.mime_type = content_type

    @property
    def is_stream(self) -> bool:
        """Whether results come in pieces whatever the function is."""
        return self.mime_type == EVENTS

    def learn(self, sample: Any) -> None:
        """Text, or bytes that are."""
        self.sample = sample.decode() if isinstance(sample, bytes) else str(sample)

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The text, whatever the body's media type says."""
        return text_of(part)

    def write(self, value: object) -> Payload:
        """The text."""
        if not isinstance(value, str):
            raise refuse_result(value, "text")
        return text_payload(value, self.mime_type)

    def schema(self) -> JsonSchema:
        """A text."""
        return {"type": "string"}

    def example(self) -> object:
        """The sample."""
        return self.sample
