"""`OutputSpec`: how the result of a method becomes the body of a reply."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.oip.media import INFERENCE
from ekiben.serving.oip.request import read_wishes
from ekiben.serving.oip.response import write_response
from ekiben.serving.oip.signature import TensorSpec, read_outputs
from ekiben.serving.payload.codec import FileCodec, MirrorCodec, OutputCodec, RowsCodec, ValueCodec
from ekiben.serving.payload.inference.results import tensors_of
from ekiben.serving.payload.kinds import input_codec, output_codec
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.values import VALUES, encode_values
from ekiben.serving.wire import JSON, Payload


class OutputSpec:
    """The writer of one API's results: JSON by what the value is, a file or an image where that is declared.

    An array is written as the request was: as JSON, or as a file of numpy's. To another service's request any value is
    sent as it is, to a request of the Open Inference Protocol as tensors.
    """

    def __init__(self, annotation: object = Any) -> None:
        self._codec = output_codec(annotation)
        self._annotation = annotation
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

    def encode(self, value: object, request: Payload | None = None) -> Payload:
        """The body, as the request's asks for it.

        Raises ServiceError for a value that cannot be written as declared.
        """
        content_type = JSON if request is None else request.content_type
        if content_type == VALUES:
            return encode_values(value, "the result")
        if request is not None and content_type.startswith(INFERENCE):
            declared = self.read_value(value) if self._others else value
            return write_response(tensors_of(declared), read_wishes(request))
        codec = self._others.get(content_type) if self._others else None
        return (codec or self._codec).encode(value)

    @cached_property
    def tensors(self) -> tuple[TensorSpec, ...] | None:
        """The tensors that results are, empty where that is not known; None where they are something else."""
        is_plain = self.media_type == JSON or self.media_type in self._others
        return read_outputs(self.json_schema()) if is_plain else None

    def read_value(self, value: object) -> object:
        """A result that another service sent, as what is declared: models where there were models. Never refused."""
        codec = self._reader
        if codec is None:
            return value
        try:
            return codec.read_value(value, "the result")
        except BadInput:
            return value

    @cached_property
    def _reader(self) -> ValueCodec | FileCodec | None:
        """What reads results where another service calls this one; None for types that are only written."""
        try:
            return input_codec(self._annotation)
        except ServiceError:
            return None

    def plain_rows(self, value: object) -> object:
        """The result of a batch, or plainer rows that are written alike, for requests that sent JSON."""
        return value if self._rows is None else self._rows.plain_rows(value)

    def json_schema(self) -> JsonSchema:
        """JSON Schema of the result."""
        return self._codec.schema()
