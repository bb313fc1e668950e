"""`ArrayForm`: the dtype and shape that an array is held to, by its annotation or by `DType` and `Shape` beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.marks import DType, Marks, Shape
from ekiben.serving.payload.schemas import JsonSchema

_CONCRETE = frozenset(np.sctypeDict.values())  # scalar types with a size: np.float32, but not np.floating
_NUMBERS = "biuf"  # numpy kinds: bool, signed, unsigned, float


@dataclass(frozen=True, slots=True)
class ArrayForm:
    """None for what is left to the data."""

    dtype: np.dtype[Any] | None = None
    shape: Shape | None = None

    @property
    def is_free(self) -> bool:
        """Whether any array will do."""
        return self.dtype is None and self.shape is None

    def fit(self, array: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, Any]:
        """The array in this form. Raises BadInput where that would take another array, or change a value."""
        if self.dtype is not None and array.dtype != self.dtype:
            array = _cast(array, self.dtype, name)
        if self.shape is not None:
            shape = self.shape.fit(array.shape, name)
            if shape != array.shape:
                array = array.reshape(shape)
        return array

    def fit_result(self, value: object) -> np.ndarray[Any, Any]:
        """A result in this form. Raises ServiceError where it is none."""
        try:
            return self.fit(np.asarray(value), "the result")
        except BadInput as error:
            raise ServiceError(error.message, hint=error.hint) from error

    def schema(self, title: str) -> JsonSchema:
        """Nested lists of these sizes."""
        schema: JsonSchema = {"type": "array", "items": {}, "title": title}
        if self.shape is not None:
            schema = nested_lists(self.shape.dimensions) | {"title": title, "x-shape": list(self.shape.dimensions)}
        if self.dtype is not None:
            schema["description"] = f"nested lists, dtype {self.dtype}"
            schema["x-dtype"] = str(self.dtype)
        return schema


def array_form(annotation: object, marks: Marks) -> ArrayForm:
    """The form of an annotated array. Raises ServiceError for a dtype that does not exist."""
    marks.check_only(annotation, "shape", "dtype", "content_type")
    dtype = _annotated_dtype(annotation) if marks.dtype is None else _named_dtype(marks.dtype)
    return ArrayForm(dtype, marks.shape)


def nested_lists(sizes: tuple[int, ...]) -> JsonSchema:
    """JSON Schema of lists of these lengths in lists; below 0 for any length. A scalar where there are none."""
    schema: JsonSchema = {}
    for size in reversed(sizes):
        bounds: JsonSchema = {"minItems": size, "maxItems": size} if size >= 0 else {}
        schema = {"type": "array", "items": schema, **bounds}
    return schema


def _named_dtype(mark: DType) -> np.dtype[Any]:
    try:
        return np.dtype(mark.dtype)
    except TypeError as error:
        raise ServiceError(f"`{mark.dtype}` is no dtype of numpy", hint="a name such as `float32`") from error


def _annotated_dtype(annotation: object) -> np.dtype[Any] | None:
    """The dtype of `NDArray[np.float32]`, spelt out `ndarray[shape, dtype[float32]]`; None where it leaves it open."""
    for argument in get_args(annotation)[1:]:
        for scalar in get_args(argument):
            if scalar in _CONCRETE:
                dtype: np.dtype[Any] = np.dtype(scalar)
                return dtype
    return None


def _cast(array: np.ndarray[Any, Any], dtype: np.dtype[Any], name: str) -> np.ndarray[Any, Any]:
    fits = (
        array.dtype.kind in _NUMBERS and dtype.kind in _NUMBERS and not (array.dtype.kind == "f" and dtype.kind in "iu")
    )
    if array.size and not fits and array.dtype.kind != dtype.kind:
        raise BadInput(f"`{name}`: values of type {array.dtype} where {dtype} is asked for")
    cast = array.astype(dtype)
    if dtype.kind in "iub" and not np.array_equal(cast, array):
        raise BadInput(f"`{name}`: a value does not fit into {dtype}")
    return cast
