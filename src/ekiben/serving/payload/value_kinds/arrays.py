"""Numpy arrays: the raw numbers as one buffer. Arrays of objects item by item; scalars as plain numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import Buffers

_DTYPE = re.compile(r"[<>|=][biufcUSMm?]\d*(\[\d*[A-Za-zμ]+\])?")
_OBJECTS = "O"


def write(value: object, buffers: Buffers) -> Sequence[object] | None:
    """Shape, dtype, index of the buffer; of objects the items in its place; of a scalar the number alone."""
    if isinstance(value, np.generic):
        return (value.item(),) if value.dtype.kind in "biufUS" else write(np.asarray(value), buffers)
    if not isinstance(value, np.ndarray):
        return None
    if value.dtype.kind == _OBJECTS:
        return (value.shape, _OBJECTS, value.reshape(-1).tolist())
    if not _DTYPE.fullmatch(value.dtype.str):
        raise TypeError(f"an array of {value.dtype} is not carried")
    raw = np.ascontiguousarray(value).reshape(-1).view(np.uint8) if value.size else np.empty(0, np.uint8)
    return (value.shape, value.dtype.str, buffers.add(raw.data))


def read(data: Sequence[object], buffers: Buffers, _: RequestFolder | None) -> object:
    """The array: a view where the buffer may be written to, else a copy."""
    shape, dtype, content = tuple(cast(Sequence[int], data[0])), data[1], data[2]
    if dtype == _OBJECTS:
        objects: np.ndarray[Any, Any] = np.empty(math.prod(shape), dtype=object)
        objects[:] = cast(list[object], content)
        return objects.reshape(shape)
    if not isinstance(dtype, str) or not _DTYPE.fullmatch(dtype):
        raise ValueError("an array says no dtype that is read")
    buffer = buffers[cast(int, content)]
    if math.prod(shape) == 0:
        return np.empty(shape, np.dtype(dtype))
    numbers = np.frombuffer(buffer, np.dtype(dtype)).reshape(shape)
    return numbers.copy() if buffer.readonly else numbers
