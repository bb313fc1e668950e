"""Numpy arrays as JSON, nested lists with all rows of one length, or as npy files. Loaded where a service names numpy.

The dtype comes from the data (all whole numbers: int64, with any fraction: float64) unless the annotation names one, as
in `numpy.typing.NDArray[numpy.float32]`; then values that it cannot hold are refused rather than rounded or wrapped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_origin

import msgspec
import numpy as np

from ekiben.errors import BadInput
from ekiben.serving.payload.array_form import ArrayForm, array_form
from ekiben.serving.payload.codec import OutputCodec
from ekiben.serving.payload.files import BINARY
from ekiben.serving.payload.json_values import JsonOutput
from ekiben.serving.payload.marks import NO_MARKS, Marks
from ekiben.serving.payload.npy import NPY, read_array, read_header, write_array
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import JSON, Body, Payload

_DECODE = msgspec.json.Decoder().decode
ANY_ARRAY = ArrayForm()
TITLE = "numpy.ndarray"
_NUMBERS = "biuf"  # numpy kinds: bool, signed, unsigned, float


def input_codec(annotation: object, marks: Marks = NO_MARKS) -> ArrayInput | None:
    """The codec of an array annotation; None for other types of numpy."""
    return ArrayInput(array_form(annotation, marks)) if _is_array(annotation) else None


def output_codec(annotation: object, marks: Marks = NO_MARKS) -> ArrayOutput | None:
    """The codec of a result annotated as an array; None for other types of numpy."""
    return ArrayOutput(array_form(annotation, marks)) if _is_array(annotation) else None


class ArrayInput:
    """One parameter that is a numpy array."""

    body_media_type = NPY
    json_type = Any

    def __init__(self, form: ArrayForm = ANY_ARRAY) -> None:
        self._form = form
        self._is_free = form.is_free

    def read_decoded(self, value: object, name: str) -> object:
        """The array of nested lists, or BadInput: ragged ones, mixed types, values outside the declared dtype."""
        try:
            array = np.array(value)
        except (ValueError, OverflowError) as error:
            raise BadInput(f"`{name}`: the nested lists are no array: rows differ in length") from error
        if array.dtype.kind in "OU":
            array = _from_mixed(array, value, name)
        return array if self._is_free else self._form.fit(array, name)

    def read_json(self, text: bytes, name: str) -> object:
        """The array of a JSON text, or BadInput."""
        try:
            values = _DECODE(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"`{name}`: {error}") from error
        return self.read_decoded(values, name)

    def read_form(self, text: bytes, name: str) -> object:
        """As JSON: an array has no other spelling."""
        return self.read_json(text, name)

    def read_value(self, value: object, name: str) -> object:
        """The array itself, or the array of nested lists."""
        if not isinstance(value, np.ndarray):
            return self.read_decoded(value, name)
        return value if self._is_free else self._form.fit(value, name)

    def read_body(self, body: Body, name: str) -> object:
        """The array of an npy file, or BadInput."""
        array = read_array(body, name)
        return array if self._is_free else self._form.fit(array, name)

    def count_rows(self, body: Body, dim: int) -> int:
        """What the file's header says."""
        try:
            shape = read_header(body).shape
        except (ValueError, TypeError):
            return 1
        return shape[dim] if dim < len(shape) else 1

    def schema(self) -> JsonSchema:
        """An array of anything, or of the declared form."""
        return self._form.schema(TITLE)


class ArrayOutput(JsonOutput):
    """A result that is an array: JSON, or an npy file where that is declared or the request was one."""

    body_media_type = NPY

    def __init__(self, form: ArrayForm = ANY_ARRAY, media_type: str = JSON, title: str = TITLE) -> None:
        super().__init__(form.schema(title), media_type)
        self._form = form
        self._is_free = form.is_free
        self._title = title

    def named(self, media_type: str) -> OutputCodec:
        """An npy file, or JSON under another media type."""
        return NpyOutput(self._form) if media_type == NPY else ArrayOutput(self._form, media_type, self._title)

    def encode(self, value: object) -> Payload:
        """Nested lists. Raises ServiceError for a result that is not of the declared form."""
        return super().encode(value if self._is_free else self._form.fit_result(value))

    def plain_rows(self, value: object) -> object:
        """Lists instead of an array: made once for a batch, they cost less than an array for each of its requests."""
        if not self._is_free:
            return value
        return (
            value.tolist() if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in _NUMBERS else value
        )


class NpyOutput:
    """A result that is an array, sent as an npy file."""

    media_type = NPY

    def __init__(self, form: ArrayForm) -> None:
        self._form = form

    def named(self, media_type: str) -> OutputCodec:
        """As an array that has no media type yet."""
        return ArrayOutput(self._form).named(media_type)

    def encode(self, value: object) -> Payload:
        """The file. A list is made an array first, as a method that is annotated so may return one."""
        return Payload(NPY, write_array(self._form.fit_result(value)))

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return dict(BINARY)


def _is_array(annotation: object) -> bool:
    return (get_origin(annotation) or annotation) is np.ndarray


def _from_mixed(array: np.ndarray[Any, Any], values: object, name: str) -> np.ndarray[Any, Any]:
    """Text as it is; numbers with nulls as floats with NaN; all else refused (numpy would make text of the numbers)."""
    leaves = list(_leaves(values))
    if array.dtype.kind == "U" and all(isinstance(one, str) for one in leaves):
        return array
    if array.dtype.kind == "O" and all(one is None or isinstance(one, int | float) for one in leaves):
        try:
            return array.astype(np.float64)
        except OverflowError as error:
            raise BadInput(f"`{name}`: a whole number is too large for an array") from error
    raise BadInput(f"`{name}`: the values of an array are of one type: numbers, booleans or text")


def _leaves(values: object) -> Iterator[object]:
    if isinstance(values, list):
        for one in values:
            yield from _leaves(one)
    else:
        yield values
