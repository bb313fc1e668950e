"""A result as tensors.

array, tensor, series, list, number, text   one, `output-0`
tuple                                       `output-0`, `output-1`, ...
dict, pydantic model, dataclass             one for each key or field
frame                                       one for each column
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from ekiben.errors import ServiceError
from ekiben.serving.oip.datatypes import BYTES
from ekiben.serving.oip.signature import OUTPUT
from ekiben.serving.oip.tensors import Tensor

_ARRAYS = "ekiben.serving.payload.inference.arrays"
_TENSORS = "ekiben.serving.payload.inference.tensors"
_FRAMES = "ekiben.serving.payload.inference.frames"
_LIMIT = 2**63
_PLAIN = (bool, int, float, str, bytes)
_HINT = "arrays, tensors, lists of numbers or texts, and dictionaries, tuples and frames of them can"


def tensors_of(value: object) -> list[Tensor]:
    """The tensors that a result is. Raises ServiceError for one that is none."""
    named: Sequence[tuple[str, object]]
    if _is_a(value, "pandas", "DataFrame"):
        named = importlib.import_module(_FRAMES).write_columns(value)
    elif (fields := _fields_of(value)) is not None:
        named = [(str(name), one) for name, one in fields.items()]
    elif isinstance(value, tuple):
        named = [(OUTPUT.format(at), one) for at, one in enumerate(value)]
    else:
        named = [(OUTPUT.format(0), value)]
    return [_tensor_of(name, one) for name, one in named]


def _tensor_of(name: str, value: object) -> Tensor:
    if _is_a(value, "torch", "Tensor"):
        return cast(Tensor, importlib.import_module(_TENSORS).write_tensor(name, value))
    if _is_a(value, "pandas", "Series"):
        return _tensor_of(name, importlib.import_module(_FRAMES).write_series(value))
    if _is_a(value, "numpy", "ndarray") or _is_a(value, "numpy", "generic"):
        array = cast(Any, value)
        if array.dtype.kind == "O":
            return _of_list(name, array.tolist())
        return cast(Tensor, importlib.import_module(_ARRAYS).write_array(name, array))
    return _of_list(name, value if isinstance(value, list | tuple) else [value])


def _of_list(name: str, value: Sequence[Any]) -> Tensor:
    """The tensor of nested lists, whose leaves are plain, or of a list of arrays."""
    shape: list[int] = []
    items: Sequence[Any] = [value]
    while items and all(isinstance(one, list | tuple) for one in items):
        sizes = {len(one) for one in items}
        if len(sizes) > 1:
            raise ServiceError(f"the rows of `{name}` differ in length: {sorted(sizes)[:5]}")
        shape.append(sizes.pop())
        items = [leaf for one in items for leaf in one]
    if not all(isinstance(one, _PLAIN) for one in items):
        return _of_foreign(name, items, tuple(shape))
    return Tensor(name, _datatype_of(name, items), tuple(shape), items=items)


def _of_foreign(name: str, items: Sequence[object], shape: tuple[int, ...]) -> Tensor:
    """The tensor of a list of arrays or of their scalars."""
    if all(_is_a(one, "torch", "Tensor") for one in items):
        stacked = _tensor_of(name, importlib.import_module(_TENSORS).stack(items))
    elif all(_is_a(one, "numpy", "ndarray") or _is_a(one, "numpy", "generic") for one in items):
        stacked = _tensor_of(name, importlib.import_module(_ARRAYS).stack(items))
    else:
        kinds = ", ".join(sorted({f"`{type(one).__name__}`" for one in items}))
        raise ServiceError(f"the result cannot be written as tensors: `{name}` holds {kinds}", hint=_HINT)
    return msgspec.structs.replace(stacked, shape=(*shape, *stacked.shape[1:]))


def _datatype_of(name: str, items: Sequence[Any]) -> str:
    kinds = {type(one) for one in items}
    if all(issubclass(kind, bool) for kind in kinds) and kinds:
        return "BOOL"
    if all(issubclass(kind, int) for kind in kinds) and kinds:
        if not -_LIMIT <= min(items) <= max(items) < _LIMIT:
            raise ServiceError(f"a whole number of `{name}` is too large for INT64")
        return "INT64"
    if all(issubclass(kind, int | float) for kind in kinds):
        return "FP64"
    if all(issubclass(kind, str | bytes) for kind in kinds):
        return BYTES
    raise ServiceError(f"the result cannot be written as tensors: `{name}` mixes numbers and texts", hint=_HINT)


def _fields_of(value: object) -> Mapping[Any, object] | None:
    """What has a name of its own in a result."""
    if isinstance(value, Mapping):
        return value
    fields = getattr(type(value), "model_fields", None) or getattr(type(value), "_fields", None)
    if fields is None and dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value)]
    return None if fields is None else {name: getattr(value, name) for name in fields}


def _is_a(value: object, library: str, name: str) -> bool:
    """Whether the value is of that class of a library that this module does not import."""
    return any(cls.__name__ == name and cls.__module__.partition(".")[0] == library for cls in type(value).__mro__)
