"""What a codec is: one small class per kind of value, made once when a service is declared.

A new kind is a new class and a line in `kinds.py`. `name` is the parameter's name, for messages: a codec says what is
wrong by raising BadInput that begins with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Body, Payload


@runtime_checkable
class ValueCodec(Protocol):
    """Reads values that travel as JSON.

    `json_type` is what msgspec decodes the JSON as before `read_decoded` sees it; `msgspec.Raw` where that is the text.
    """

    json_type: Any

    def read_decoded(self, value: object, name: str) -> object:
        """The value of what was decoded."""

    def read_json(self, text: bytes, name: str) -> object:
        """The value that a JSON text says."""

    def read_form(self, text: bytes, name: str) -> object:
        """The value of a plain form field: JSON, or a bare word where the type has such a spelling."""

    def read_value(self, value: object, name: str) -> object:
        """The value of one that another service sent as it is (`values`)."""

    def schema(self) -> JsonSchema:
        """JSON Schema, self-contained: what it refers to is in its `$defs`."""


@runtime_checkable
class FileCodec(Protocol):
    """Reads values that travel as uploaded files."""

    @property
    def raw_media_type(self) -> str | None:
        """What a whole body that is the value is sent as; None where no body is."""

    def accepts(self, media_type: str) -> bool:
        """Whether a whole body of that media type can be the value."""

    def read_files(self, files: Sequence[Part], name: str, folder: RequestFolder) -> object:
        """The value of the files uploaded under this name (at least one)."""

    def read_value(self, value: object, name: str) -> object:
        """The value of one that another service sent as it is (`values`)."""

    def schema(self) -> JsonSchema:
        """JSON Schema of the form field."""


@runtime_checkable
class BodyCodec(Protocol):
    """Reads a value that may also be a whole body, of a media type of its own."""

    body_media_type: str

    def read_body(self, body: Body, name: str) -> object:
        """The value of a body of that type."""

    def count_rows(self, body: Body, dim: int) -> int:
        """The rows of such a body along `dim`, without reading it; 1 where that cannot be told."""


class OutputCodec(Protocol):
    """Writes the result of a method."""

    media_type: str

    def named(self, media_type: str) -> OutputCodec:
        """The codec of results that are declared to be of this media type. Raises ServiceError where there is none."""

    def encode(self, value: object) -> Payload:
        """The body. Raises ServiceError for a value that it has no way to write."""

    def schema(self) -> JsonSchema:
        """JSON Schema, self-contained: what it refers to is in its `$defs`."""


@runtime_checkable
class MirrorCodec(OutputCodec, Protocol):
    """Writes a result that is sent as the request was, where that was a body of the same media type."""

    body_media_type: str


@runtime_checkable
class RowsCodec(OutputCodec, Protocol):
    """Writes a result that is quicker to split, row by row, as something plainer."""

    def plain_rows(self, value: object) -> object:
        """Rows that are written as those of `value`, along dimension 0."""
