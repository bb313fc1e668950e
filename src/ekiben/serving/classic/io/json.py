"""`JSON`: any JSON value, or a pydantic model."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from pydantic import BaseModel, ValidationError

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, json_payload, text_of, text_payload
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.json_values import make_adapter, reasons
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import LOCAL, JsonSchema
from ekiben.serving.wire import JSON as JSON_TYPE
from ekiben.serving.wire import Payload

_DECODE = msgspec.json.Decoder().decode
_PANDAS = frozenset({"DataFrame", "Series"})


class JSON(IODescriptor):
    """A JSON value as `dict`, `list`, text or number; with `pydantic_model`, an instance of that.

    `json_encoder`, a class for `json.dumps`, writes results in the place of ours, which knows arrays, frames, models
    and dataclasses; a frame is written by column and index, as BentoML does it. `validate_json` is BentoML's and means
    nothing any more.
    """

    def __init__(
        self,
        *,
        pydantic_model: type[BaseModel] | None = None,
        validate_json: bool | None = None,
        json_encoder: type[json.JSONEncoder] | None = None,
    ) -> None:
        given: object = pydantic_model
        if given is not None and not (isinstance(given, type) and issubclass(given, BaseModel)):
            raise ServiceError(f"`pydantic_model` of `JSON` is `{given!r}` and should be a pydantic model")
        self._model = pydantic_model
        self._encoder = json_encoder

    def learn(self, sample: Any) -> None:
        """A model's class becomes `pydantic_model`; texts are parsed. Raises ServiceError for what is no JSON."""
        if isinstance(sample, str | bytes):
            try:
                sample = json.loads(sample)
            except ValueError as error:
                raise ServiceError(f"the sample is no JSON: {error}") from error
        if isinstance(sample, BaseModel):
            self._model = self._model or type(sample)
        elif not isinstance(sample, dict | list):
            raise ServiceError(f"the sample is a `{type(sample).__name__}` and should be a JSON object or list")
        self.sample = sample

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The value, whatever the body's media type says."""
        if self._model is not None:
            try:
                return self._model.model_validate_json(bytes(part.content))
            except ValidationError as error:
                raise BadInput(reasons(error, part.name)) from error
        try:
            return _DECODE(part.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return _tolerant(part)

    def read_value(self, value: object, name: str) -> object:
        """An instance of the model of its fields, else the value itself."""
        if self._model is None or isinstance(value, self._model):
            return value
        try:
            return self._model.model_validate(value)
        except ValidationError as error:
            raise BadInput(reasons(error, name)) from error

    def write(self, value: object) -> Payload:
        """The value as JSON; nothing for None."""
        if value is None:
            return Payload(JSON_TYPE, b"")
        if self._encoder is None:
            return json_payload(_by_column(value), "the result")
        value = value.model_dump() if isinstance(value, BaseModel) else value
        try:
            text = json.dumps(value, cls=self._encoder, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        except (TypeError, ValueError, RecursionError) as error:
            raise ServiceError(f"the result cannot be written by `{self._encoder.__name__}`: {error}") from error
        return text_payload(text, JSON_TYPE)

    def schema(self) -> JsonSchema:
        """The model's, or any value."""
        if self._model is None:
            return {}
        return make_adapter(self._model).json_schema(ref_template=f"{LOCAL}{{model}}")

    def example(self) -> object:
        """The sample as plain data."""
        return self.sample.model_dump(mode="json") if isinstance(self.sample, BaseModel) else self.sample


def _tolerant(part: Part) -> object:
    """JSON with what only Python's reader takes: NaN, the infinities, numbers of any size."""
    try:
        return json.loads(text_of(part))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"`{part.name}` is no JSON: {error}") from error


def _by_column(value: object) -> object:
    """Frames and series, at the top or one step below, as dictionaries by column and index."""
    if isinstance(value, dict):
        return {key: _as_dictionary(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_as_dictionary(one) for one in value]
    return _as_dictionary(value)


def _as_dictionary(value: Any) -> object:
    cls = type(value)
    is_pandas = cls.__module__.partition(".")[0] == "pandas" and cls.__name__ in _PANDAS
    return value.to_dict() if is_pandas else value
