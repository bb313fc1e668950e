"""`NumpyNdarray`: a numpy array as nested lists, or as numpy's own file. Loaded where a service names it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import DTypeLike, NDArray

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, json_payload
from ekiben.serving.oip.signature import ARRAY_TITLE
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.npy import NPY, read_array
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import JSON, Payload

_DECODE = msgspec.json.Decoder().decode
_JSON_TYPES = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "U": "string"}  # by numpy's kind


class NumpyNdarray(IODescriptor):
    """An array of `dtype` and `shape`, where -1 stands for any size.

    Values are cast to `dtype` where that keeps their kind, and reshaped to `shape` where that can be done; with
    `enforce_dtype` and `enforce_shape`, what does not fit is refused instead of passed on.
    """

    def __init__(
        self,
        dtype: DTypeLike | None = None,
        enforce_dtype: bool = False,
        shape: tuple[int, ...] | None = None,
        enforce_shape: bool = False,
    ) -> None:
        for wanted, name, given in ((enforce_dtype, "dtype", dtype), (enforce_shape, "shape", shape)):
            if wanted and given is None:
                raise ServiceError(f"`enforce_{name}` of `NumpyNdarray` without `{name}`")
        try:
            self._dtype: np.dtype[Any] | None = None if dtype is None else np.dtype(dtype)
        except TypeError as error:
            raise ServiceError(f"`{dtype}` is no dtype: {error}") from error
        self._shape = None if shape is None else tuple(shape)
        self._enforces_dtype, self._enforces_shape = enforce_dtype, enforce_shape

    @property
    def media_types(self) -> tuple[str, ...]:
        """Nested lists, or numpy's file."""
        return (JSON, NPY)

    def learn(self, sample: Any) -> None:
        """Dtype and shape of the sample, with any number of rows."""
        array = np.asarray(sample)
        if self._dtype is None:
            self._dtype = array.dtype
        if self._shape is None and array.ndim:
            self._shape = (-1, *array.shape[1:])
        self.sample = array

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The array."""
        if part.content_type.partition(";")[0].strip().lower() == NPY:
            return self._fitted(read_array(part.content, part.name), part.name)
        try:
            values = _DECODE(part.content)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"`{part.name}` is no JSON: {error}") from error
        return self.read_value(values, part.name)

    def read_value(self, value: object, name: str) -> object:
        """The array itself, or that of nested lists."""
        if isinstance(value, np.ndarray):
            return self._fitted(value, name)
        try:
            array = np.array(value)
            if self._dtype is not None and array.dtype.kind in "biufU":
                array = np.array(value, dtype=self._dtype) if _keeps(array, self._dtype) else array
        except (ValueError, OverflowError, TypeError) as error:
            raise BadInput(f"`{name}`: the nested lists are no array: {error}") from error
        if array.dtype.kind == "O":
            raise BadInput(f"`{name}`: the values of an array are of one type: numbers, booleans or text")
        return self._fitted(array, name)

    def write(self, value: object) -> Payload:
        """Nested lists."""
        array = np.asarray(value)
        if array.dtype.kind == "O":
            raise ServiceError(f"the result, a `{type(value).__name__}`, is no array of numbers, booleans or text")
        try:
            return json_payload(self._fitted(array, "the result"), "the result")
        except BadInput as error:
            raise ServiceError(error.message) from error

    def schema(self) -> JsonSchema:
        """As many lists in one another as `shape` has sizes."""
        items: JsonSchema = {} if self._dtype is None else {"type": _JSON_TYPES.get(self._dtype.kind, "object")}
        for _ in (self._shape or ())[1:]:
            items = {"type": "array", "items": items}
        dtype: JsonSchema = {} if self._dtype is None else {"x-dtype": str(self._dtype)}
        return {"type": "array", "items": items, "title": "numpy.ndarray", **dtype}

    def tensor_schema(self) -> JsonSchema:
        """An array of this dtype and shape."""
        dtype = {} if self._dtype is None else {"x-dtype": str(self._dtype)}
        return {"title": ARRAY_TITLE, **dtype, **({} if self._shape is None else {"x-shape": list(self._shape)})}

    def example(self) -> object:
        """The sample as nested lists."""
        return None if self.sample is None else self.sample.tolist()

    def _fitted(self, array: NDArray[Any], name: str) -> NDArray[Any]:
        if self._dtype is not None and self._dtype != array.dtype:
            if _keeps(array, self._dtype):
                array = array.astype(self._dtype)
            elif self._enforces_dtype:
                raise BadInput(f"`{name}`: dtype {self._dtype} is asked for, and {array.dtype} was sent")
        if self._shape is not None and not _matches(self._shape, array.shape):
            if self._enforces_shape:
                raise BadInput(f"`{name}`: shape {self._shape} is asked for, and {array.shape} was sent")
            try:
                return array.reshape(self._shape)
            except ValueError:
                return array
        return array


def _keeps(array: NDArray[Any], dtype: np.dtype[Any]) -> bool:
    return np.can_cast(array.dtype, dtype, casting="same_kind")


def _matches(wanted: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    return len(wanted) == len(shape) and all(one in (-1, size) for one, size in zip(wanted, shape, strict=True))
