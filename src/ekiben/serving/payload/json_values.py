"""Values that travel as JSON: everything pydantic understands on the way in, everything msgspec writes on the way out.

Arrays, frames and pydantic models inside a result are written too, wherever they stand, so that `dict[str, np.ndarray]`
works as a result although it cannot be read as a parameter.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.annotations import is_plain
from ekiben.serving.payload.codec import OutputCodec
from ekiben.serving.payload.schemas import LOCAL, JsonSchema
from ekiben.serving.wire import JSON, Payload

_MAX_REASONS = 5  # reasons told at once: a list with a thousand wrong items has one message, not a thousand
# numpy arrays and scalars, torch tensors, pandas series; polars series; timestamps of pandas
_PLAIN_METHODS = ("tolist", "to_list", "isoformat")
_MISSING = frozenset({"NAType", "NaTType"})  # pandas: missing values that are no NaN
_BASE64 = ConfigDict(val_json_bytes="base64", ser_json_bytes="base64")
_PATH_FORMATS = frozenset({"path", "file-path", "directory-path"})
_REF = f"{LOCAL}{{model}}"


class JsonInput:
    """One parameter of any type that pydantic can read from JSON."""

    def __init__(self, annotation: object) -> None:
        self._adapter = make_adapter(annotation)
        self.json_type: Any = annotation if is_plain(annotation) else msgspec.Raw
        try:
            self._schema = self._adapter.json_schema(ref_template=_REF, mode="validation")
        except PydanticUserError as error:
            raise ServiceError(f"`{annotation}` has no JSON Schema: {error.message}") from error
        self._holds_files = _has_path(self._schema)

    def read_decoded(self, value: object, name: str) -> object:
        """The value itself where msgspec reads the type as pydantic does, else what its text says."""
        return self.read_json(bytes(value), name) if isinstance(value, msgspec.Raw) else value

    def read_json(self, text: bytes, name: str) -> object:
        """The value, or BadInput with pydantic's reasons."""
        self._refuse_names_of_files(name)
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise BadInput(reasons(error, name)) from error

    def read_form(self, text: bytes, name: str) -> object:
        """The value of a JSON text or, where that does not fit, of a bare word: `-F name=Ada` needs no quotes."""
        self._refuse_names_of_files(name)
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            try:
                return self._adapter.validate_strings(text.decode("utf-8", "replace"))
            except ValidationError as bare:
                is_json = error.errors()[0]["type"] != "json_invalid"
                raise BadInput(reasons(error if is_json else bare, name)) from error

    def read_value(self, value: object, name: str) -> object:
        """The value as pydantic reads Python's own, or BadInput with its reasons."""
        try:
            read = self._adapter.validate_python(value)
        except ValidationError as error:
            raise BadInput(reasons(error, name)) from error
        if self._holds_files and not set(_paths_in(read)) <= set(_paths_in(value)):
            self._refuse_names_of_files(name)
        return read

    def schema(self) -> JsonSchema:
        """What pydantic says."""
        return self._schema

    def _refuse_names_of_files(self, name: str) -> None:
        """A `Path` made of text would let clients name files of the server."""
        if self._holds_files:
            raise BadInput(
                f"`{name}` holds files, which only other services send",
                hint="for clients, each file is a parameter of its own: `photo: Path` or `photos: list[Path]`",
            )


class JsonOutput:
    """A result written as JSON by what it is; the annotation is only for the schema."""

    def __init__(self, schema: JsonSchema, media_type: str = JSON) -> None:
        self.media_type = media_type
        self._schema = schema

    def named(self, media_type: str) -> OutputCodec:
        """JSON under another media type."""
        return JsonOutput(self._schema, media_type)

    def encode(self, value: object) -> Payload:
        """The bare JSON value. NaN and the infinities become `null`."""
        return Payload(self.media_type, encode_json(value))

    def schema(self) -> JsonSchema:
        """As annotated."""
        return self._schema


def output_schema(annotation: object) -> JsonSchema:
    """The schema of a result annotated so; `{}` (any value) for a type that pydantic cannot describe."""
    try:
        return TypeAdapter(_as_type(annotation)).json_schema(ref_template=_REF, mode="serialization")
    except PydanticUserError:
        return {}


def make_adapter(annotation: object) -> TypeAdapter[object]:
    """Pydantic's reader for an annotation. Raises ServiceError for a type that it cannot read from JSON."""
    try:
        try:
            return TypeAdapter(_as_type(annotation), config=_BASE64)
        except PydanticUserError as error:
            if error.code != "type-adapter-config-unused":  # models, dataclasses and TypedDicts bring their own
                raise
            return TypeAdapter(_as_type(annotation))
    except PydanticSchemaGenerationError as error:
        raise ServiceError(
            f"`{annotation}` cannot be read from a request",
            hint="JSON types, pydantic models, numpy arrays, pandas frames, PIL images and pathlib.Path can",
        ) from error
    except PydanticUserError as error:
        raise ServiceError(f"`{annotation}` cannot be read from a request", hint=error.message) from error


def _as_type(annotation: object) -> Any:
    """An annotation as TypeAdapter's signature wants it: no type checker knows it at this place."""
    return annotation


def encode_json(value: object, what: str = "the result") -> bytes:
    """JSON of a value as services return them. Raises ServiceError, about `what`, for one that has no JSON form."""
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise ServiceError(f"{what} cannot be written as JSON: {error}") from error


def json_default(default: object) -> object:
    """A parameter's default as plain data for a document. Raises ServiceError where it has no JSON form."""
    try:
        plain: object = msgspec.json.decode(_ORDERED.encode(default))
    except (TypeError, ValueError, RecursionError) as error:
        raise ServiceError(f"the default cannot be written as JSON: {error}") from error
    if plain is None and default is not None:
        raise ServiceError(f"the default {default!r} has no JSON form")
    return plain


def reasons(error: ValidationError, name: str) -> str:
    """Pydantic's reasons on one line, each with its place: "`items[0].price`: input should be ..."."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    said = [f"`{name}{_path(one['loc'])}`: {one['msg'][:1].lower()}{one['msg'][1:]}" for one in found[:_MAX_REASONS]]
    if len(found) > _MAX_REASONS:
        said.append(f"and {len(found) - _MAX_REASONS} more")
    return "; ".join(said)


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)


def _has_path(schema: object) -> bool:
    if isinstance(schema, dict):
        return schema.get("format") in _PATH_FORMATS or any(_has_path(one) for one in schema.values())
    return isinstance(schema, list) and any(_has_path(one) for one in schema)


def _paths_in(value: object) -> Iterator[PurePath]:
    """The paths in a value, at any depth."""
    parts: Iterable[object] = ()
    match value:
        case PurePath():
            yield value
        case BaseModel():
            parts = dict(value).values()
        case Mapping():
            parts = (*value, *value.values())
        case Iterable() if not isinstance(value, str | bytes):
            parts = value
        case _ if dataclasses.is_dataclass(value):
            parts = (getattr(value, field.name) for field in dataclasses.fields(value))
        case _:
            pass
    for part in parts:
        yield from _paths_in(part)


def _plain(value: Any) -> object:
    """What msgspec shall write for a value that it does not know: models by pydantic, all else by its own methods."""
    if isinstance(value, BaseModel):
        return msgspec.Raw(value.__pydantic_serializer__.to_json(value, by_alias=True))
    cls = type(value)
    if cls.__module__ == "numpy" and value.dtype.kind == "M":
        return value.astype(str).tolist()  # as ISO 8601; its own tolist() gives nanoseconds as bare numbers
    if cls.__name__ in _MISSING:
        return None
    for method in _PLAIN_METHODS:
        if hasattr(value, method) and not isinstance(value, type):
            return getattr(value, method)()
    if hasattr(value, "to_dict"):
        return value.to_dict("records")
    raise TypeError(f"`{cls.__name__}` has no JSON form")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain)
_ORDERED = msgspec.json.Encoder(enc_hook=_plain, order="deterministic")
