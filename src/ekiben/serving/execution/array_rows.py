"""Rows of numpy arrays, along any dimension. Loaded when the first array comes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, TypeAlias, cast

import numpy as np

_Array: TypeAlias = "np.ndarray[Any, Any]"


class ArrayRows:
    """Arrays are joined where dtype and every other dimension are the same."""

    def count(self, value: object, dim: int) -> int:
        """The length of dimension `dim`."""
        array = cast(_Array, value)
        if array.ndim <= dim:
            raise ValueError(f"an array of {array.ndim} dimensions has no dimension {dim}")
        return int(array.shape[dim])

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """A view, not a copy."""
        array = cast(_Array, value)
        return array[start:stop] if dim == 0 else array[(slice(None),) * dim + (slice(start, stop),)]

    def join(self, values: Sequence[object], dim: int) -> object:
        """One new array."""
        return np.concatenate(cast("Sequence[_Array]", values), axis=dim)

    def copy(self, value: object) -> object:
        """A copy of its data."""
        return cast(_Array, value).copy()

    def key(self, value: object, dim: int) -> Hashable:
        """dtype and the other dimensions; texts of any length go together."""
        array = cast(_Array, value)
        dtype = array.dtype
        return dtype.kind if dtype.kind in "US" else dtype, array.shape[:dim], array.shape[dim + 1 :]
