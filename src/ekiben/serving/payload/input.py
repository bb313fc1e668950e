"""`InputSpec`: how the body of a request becomes the arguments of a method.

    application/json       {"parameter": value, ...}, or the value itself for a positional-only parameter
    multipart/form-data    where a parameter is a file: one part for each file, plain fields as JSON or bare words
    text/plain             the text, where a positional-only parameter is one
    any other media type   the file itself, where a file is the only parameter; numpy's own, where an array is
    values                 the arguments as another service has them (`values`)
    inference              tensors of the Open Inference Protocol (`inference/`)
    no body                where every parameter has a default

Not here: how a single value is read (the codecs), and limits on the size of a body (the HTTP front).
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import cached_property

import msgspec

from ekiben.errors import BadInput, ServiceError, UnsupportedMediaType
from ekiben.nearest import did_you_mean
from ekiben.serving.oip.media import INFERENCE
from ekiben.serving.oip.request import count_tensor_rows, read_request
from ekiben.serving.oip.signature import TensorSpec, read_inputs
from ekiben.serving.payload.codec import BodyCodec, FileCodec, ValueCodec
from ekiben.serving.payload.files import FileList
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.inference.arguments import ArgumentReader, ValueReader
from ekiben.serving.payload.json_values import json_default
from ekiben.serving.payload.kinds import input_codec
from ekiben.serving.payload.multipart import MULTIPART, Part, parse_multipart
from ekiben.serving.payload.plain import body_reader
from ekiben.serving.payload.rows import ListedRows, count_json_rows
from ekiben.serving.payload.schemas import DEFINITIONS, JsonSchema, gather_definitions
from ekiben.serving.payload.values import VALUES, count_value_rows, decode_values
from ekiben.serving.wire import JSON, Body, Payload

REQUIRED = inspect.Parameter.empty
PLAIN = "text/plain"
_COUNTED_BYTES = 1 << 20  # of a form, when its files are counted: a millisecond's work
_SHOWN = 100  # characters of a field's name that an answer repeats
_FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a method: `default` is `inspect.Parameter.empty` where there is none."""

    name: str
    annotation: object
    default: object = REQUIRED


class InputSpec:
    """The reader of one API's bodies; codecs are made once. Raises ServiceError for a type that it cannot read."""

    def __init__(self, parameters: Sequence[Parameter], *, is_root: bool = False) -> None:
        codecs = {one.name: input_codec(one.annotation) for one in parameters}
        self._values: dict[str, ValueCodec] = {n: c for n, c in codecs.items() if isinstance(c, ValueCodec)}
        self._files: dict[str, FileCodec] = {n: c for n, c in codecs.items() if isinstance(c, FileCodec)}
        self._defaults = {one.name: one.default for one in parameters if one.default is not REQUIRED}
        self._names = tuple(codecs)
        self._root = parameters[0].name if is_root else None
        alone: object = codecs[self._names[0]] if len(codecs) == 1 else None
        self._body = alone if isinstance(alone, BodyCodec) else None
        self._listed = ListedRows(self._names[0] if self._names and not is_root else "")
        self._reader = body_reader(codecs, self._defaults, self._root)

    @property
    def root(self) -> str | None:
        """The name of the parameter that is the whole body, where there is one; it is passed by position."""
        return self._root

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return self._names

    @property
    def is_required(self) -> bool:
        """Whether a request needs a body."""
        return len(self._defaults) < len(self._names)

    @property
    def media_types(self) -> tuple[str, ...]:
        """What a request may send, the usual one first."""
        if not self._files:
            return (JSON,) if self._body is None else (JSON, self._body.body_media_type)
        raw = self._files[self._names[0]].raw_media_type if len(self._names) == 1 else None
        return (MULTIPART, raw) if raw else (MULTIPART,)

    def by_name(self, arguments: Sequence[object], named: Mapping[str, object], label: str) -> dict[str, object]:
        """The arguments of a Python call of the API `label`, as `values` carry them. Raises TypeError."""
        if len(arguments) > len(self._names):
            raise TypeError(f"{label} takes {len(self._names)} arguments, and {len(arguments)} were given")
        values = dict(zip(self._names, arguments, strict=False))
        for name, value in named.items():
            if name in values or name not in self._names:
                what = "was given twice" if name in values else "is no parameter of it"
                raise TypeError(f"{label}: `{name}` {what}")
            values[name] = value
        return values

    def decode(self, payload: Payload, folder: RequestFolder) -> dict[str, object]:
        """The arguments by name; uploads are stored in `folder`.

        Raises BadInput that names the field and says why, UnsupportedMediaType, PayloadTooLarge for an image.
        """
        if payload.content_type == JSON and payload.body:
            values = None if self._reader is None else self._reader.read(payload.body)
            return self._from_json(payload.body) if values is None else values
        media_type = _media_type(payload)
        if not payload.body:
            return self._with_defaults({})
        if media_type == VALUES:
            return self._from_values(decode_values(payload.body, folder))
        if media_type == INFERENCE:
            return self._with_defaults(self._from_tensors(payload))
        if media_type in ("", JSON) or media_type.endswith("+json"):
            return self._from_json(payload.body)
        if media_type == PLAIN and self._root is not None and self._root in self._values:
            return {self._root: _from_text(self._values[self._root], payload.body, self._root)}
        if self._body is not None and media_type == self._body.body_media_type:
            return {self._names[0]: self._body.read_body(payload.body, self._names[0])}
        if self._files and media_type == MULTIPART:
            return self._from_form(parse_multipart(payload), folder)
        if len(self._names) == 1 and self._files and self._files[self._names[0]].accepts(media_type):
            name = self._names[0]
            part = Part(name, None, media_type, payload.body)
            return {name: self._files[name].read_files([part], name, folder)}
        raise UnsupportedMediaType(
            f"`{media_type}` is not read here", hint=f"send it as `Content-Type: {self.media_types[0]}`"
        )

    def count_rows(self, payload: Payload, batch_dim: int) -> int:
        """How many rows a batchable API's request has along `batch_dim`: cheap, and 1 where that cannot be told.

        It is an estimate for the batcher; what is wrong with the body is found out, and said, by `decode`.
        """
        if payload.content_type == VALUES:
            return count_value_rows(payload.body, self._names[0], batch_dim)
        if payload.content_type.startswith(INFERENCE):
            return count_tensor_rows(payload, batch_dim)
        if len(self._values) != 1:
            return self._count_files(payload.body)
        if self._body is not None and payload.content_type == self._body.body_media_type:
            return self._body.count_rows(payload.body, batch_dim)
        if not payload.body:
            return self._default_rows()
        if batch_dim == 0 and (rows := self._listed.count(payload.body)) is not None:
            return rows
        try:
            if self._root is not None:
                return count_json_rows(bytes(payload.body), batch_dim)
            text = _FIELDS.decode(payload.body).get(self._names[0])
            return self._default_rows() if text is None else count_json_rows(bytes(text), batch_dim)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return 1

    def json_schema(self) -> JsonSchema:
        """JSON Schema of the body: an object with a property for each parameter, or the root parameter's own."""
        schemas = {name: (self._values.get(name) or self._files[name]).schema() for name in self._names}
        if self._root is not None:
            return schemas[self._root]
        definitions: JsonSchema = {}
        for name, one in schemas.items():
            schemas[name] = gather_definitions(one, definitions, name)
            if name in self._defaults:
                with contextlib.suppress(ServiceError):
                    schemas[name]["default"] = json_default(self._defaults[name])
        required = [name for name in self._names if name not in self._defaults]
        schema: JsonSchema = {"type": "object", "properties": schemas, "additionalProperties": False}
        return (
            schema | ({"required": required} if required else {}) | ({DEFINITIONS: definitions} if definitions else {})
        )

    @cached_property
    def tensors(self) -> tuple[TensorSpec, ...] | None:
        """The tensors that the parameters are; None where one of them is something else."""
        return None if self._files else read_inputs(self.json_schema(), self._root)

    @cached_property
    def _argument_reader(self) -> ArgumentReader | None:
        return None if self.tensors is None else ArgumentReader(self.tensors, self._value_readers)

    @property
    def _value_readers(self) -> Mapping[str, ValueReader]:
        """What reads the value that the tensors of a parameter are."""
        return self._values

    def _from_tensors(self, payload: Payload) -> dict[str, object]:
        """The arguments that the tensors of a request are, as far as they were sent."""
        if self._argument_reader is None:
            raise UnsupportedMediaType("the API takes no tensors")
        return self._argument_reader.read(read_request(payload))

    def _from_json(self, body: Body) -> dict[str, object]:
        if self._root is not None and self._root in self._values:
            return {self._root: _read(self._values[self._root].read_json, bytes(body), self._root)}
        try:
            texts = _FIELDS.decode(body)
        except msgspec.ValidationError as error:
            raise BadInput(f"the body is no JSON object: {error}", hint=f"send {self._example()}") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"the body is no UTF-8: {_foreign_byte(bytes(body))}") from error
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"the body is no JSON: {error}", hint=_json_hint(bytes(body))) from error
        values: dict[str, object] = {}
        for name, codec in self._values.items():
            text = texts.pop(name, None)
            if text is not None:
                values[name] = _read(codec.read_json, bytes(text), name)
        if texts:
            self._refuse_extra(next(iter(texts)))
        return values if len(values) == len(self._names) else self._with_defaults(values)

    def _from_values(self, given: object) -> dict[str, object]:
        if not isinstance(given, dict):
            raise BadInput("the body holds no arguments by name")
        values: dict[str, object] = {}
        for name, value in given.items():
            codec = self._values.get(name) or self._files.get(name)
            if codec is None:
                self._refuse_extra(str(name))
            else:
                values[name] = codec.read_value(value, name)
        return values if len(values) == len(self._names) else self._with_defaults(values)

    def _from_form(self, parts: Sequence[Part], folder: RequestFolder) -> dict[str, object]:
        values: dict[str, object] = {}
        files: dict[str, list[Part]] = {}
        for part in parts:
            if part.name in self._files:
                if part.file_name is None:
                    raise BadInput(f"`{part.name}` is a file, and text was sent", hint="URLs and paths are not opened")
                files.setdefault(part.name, []).append(part)
            elif part.name not in self._values:
                self._refuse_extra(part.name)
            elif part.name in values:
                raise BadInput(f"`{part.name}` was sent twice", hint="write a list as one JSON text")
            else:
                values[part.name] = _read(self._values[part.name].read_form, bytes(part.content), part.name)
        for name, found in files.items():
            values[name] = self._files[name].read_files(found, name, folder)
        return self._with_defaults(values)

    def _count_files(self, form: Body) -> int:
        """How often the name of a list of files is in a form, or in as much of it as is looked at."""
        if not isinstance(self._files.get(self._names[0]), FileList):
            return 1
        beginning = bytes(form[:_COUNTED_BYTES])
        found = beginning.count(f'name="{self._names[0]}"'.encode())
        return max(1, found * len(form) // max(1, len(beginning)))

    def _default_rows(self) -> int:
        default = self._defaults.get(self._names[0])
        return len(default) if isinstance(default, Sized) else 1

    def _with_defaults(self, values: dict[str, object]) -> dict[str, object]:
        for name in self._names:
            if name not in values:
                if name not in self._defaults:
                    raise BadInput(f"`{name}` is missing", hint=f"send {self._example()}")
                values[name] = self._defaults[name]
        return values

    def _refuse_extra(self, name: str) -> None:
        if name in self._files:
            raise BadInput(f"`{name}` is a file", hint=f"send it by {MULTIPART}; URLs and paths are not opened")
        shown = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
        hint = did_you_mean(shown, self._names) or f"fields are: {', '.join(self._names) or 'none'}"
        raise BadInput(f"`{shown}` is no field of this API", hint=hint)

    def _example(self) -> str:
        if self._files:
            return f"{MULTIPART} with the fields {', '.join(f'`{name}`' for name in self._names)}"
        return "{" + ", ".join(f'"{name}": ...' for name in self._names) + "}"


def _read(read: Callable[[bytes, str], object], text: bytes, name: str) -> object:
    try:
        return read(text, name)
    except UnicodeDecodeError as error:
        raise BadInput(f"`{name}` is no UTF-8: {_foreign_byte(text)}") from error


def _from_text(codec: ValueCodec, body: Body, name: str) -> object:
    """The value of a body that is a text without quotes."""
    return _read(lambda text, name: codec.read_value(text.decode(), name), bytes(body), name)


def _foreign_byte(text: bytes) -> str:
    """The first byte that is no UTF-8, and where: msgspec counts from the start of the string that it is in."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return f"byte {text[error.start]:#04x} at position {error.start}"
    return "a byte that is none"


def _media_type(payload: Payload) -> str:
    return payload.content_type.partition(";")[0].strip().lower()


def _json_hint(body: bytes) -> str | None:
    return "JSON has no NaN or Infinity: write null" if b"NaN" in body or b"Infinity" in body else None
