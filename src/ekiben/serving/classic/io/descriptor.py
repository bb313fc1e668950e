"""`IODescriptor`: how one kind of value crosses HTTP in the classic style."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.json_values import encode_json
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.payload.text import encode_text
from ekiben.serving.wire import JSON as JSON_TYPE
from ekiben.serving.wire import Payload


class IODescriptor:
    """Reads values of one kind from requests and writes them to replies.

    `mime_type` is that of what it writes; `takes_files` where it also reads the one file of a form. `sample` is what
    `from_sample` was given, as the value itself.
    """

    takes_files: ClassVar[bool] = False

    mime_type: str = JSON_TYPE
    sample: Any = None

    @classmethod
    def from_sample(cls, sample: Any, **options: Any) -> Self:
        """The descriptor of values like `sample`, which stands in the documents as an example."""
        made = cls(**options)
        made.learn(sample)
        return made

    def learn(self, sample: Any) -> None:
        """Takes from `sample` what no option said. Raises ServiceError for one of another kind."""
        self.sample = sample

    @property
    def media_types(self) -> tuple[str, ...]:
        """What a request may be sent as, the usual one first."""
        return (self.mime_type,)

    def accepts(self, media_type: str) -> bool:
        """Whether a body or a part of this type is read; most descriptors read what they are sent, as BentoML's do."""
        return True

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The value of a whole body, or of a part of a form. Raises BadInput that begins with the part's name."""
        raise NotImplementedError

    def read_value(self, value: object, name: str) -> object:
        """The value of one that another service sent as it is."""
        return value

    def write(self, value: object) -> Payload:
        """The body. Raises ServiceError for a value that it has no way to write."""
        raise NotImplementedError

    def schema(self) -> JsonSchema:
        """JSON Schema, self-contained, without the sample."""
        raise NotImplementedError

    def tensor_schema(self) -> JsonSchema | None:
        """What the inference protocol reads of it (`oip/signature.py`); None for what is no tensors there."""
        return None

    def example(self) -> object:
        """The sample as plain data, None where there is none or it is no text."""
        return None

    def documented(self) -> JsonSchema:
        """The schema with the example."""
        example = self.example()
        return self.schema() if example is None else {**self.schema(), "examples": [example]}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def text_of(part: Part) -> str:
    """The part as UTF-8, or BadInput."""
    try:
        return bytes(part.content).decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"`{part.name}` is no UTF-8: byte {error.start} is none") from error


def json_payload(value: object, what: str) -> Payload:
    """JSON of a result; NaN and the infinities become `null`."""
    return Payload(JSON_TYPE, encode_json(value, what))


def text_payload(text: str, media_type: str) -> Payload:
    """A text as it is."""
    return Payload(media_type, encode_text(text))


def refuse_result(value: object, wanted: str) -> ServiceError:
    """What to raise for a result of another type than is declared."""
    return ServiceError(f"the result is a `{type(value).__name__}` where {wanted} is declared")
