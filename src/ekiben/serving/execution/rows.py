"""Joining and splitting by rows: one `RowKind` for each kind of value that a batch can be made of.

Kinds go by what a value is, not by what was annotated: a method annotated `-> np.ndarray` that returns a list is split
as a list. The kinds of numpy, torch and pandas, and of a runner's arguments, are imported when the first such value
comes.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Hashable, Sequence
from typing import Protocol, cast

_LIBRARY_KINDS = {
    ("numpy", "ndarray"): ("ekiben.serving.execution.array_rows", "ArrayRows"),
    ("torch", "Tensor"): ("ekiben.serving.execution.tensor_rows", "TensorRows"),
    ("pandas", "DataFrame"): ("ekiben.serving.execution.frame_rows", "FrameRows"),
    ("pandas", "Series"): ("ekiben.serving.execution.frame_rows", "SeriesRows"),
    ("ekiben", "CallArguments"): ("ekiben.serving.execution.argument_rows", "ArgumentRows"),
}


class RowKind(Protocol):
    """How values of one kind are counted, cut and put together along a dimension."""

    def count(self, value: object, dim: int) -> int:
        """The rows along `dim`. Raises ValueError where the value has no such dimension."""

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """The rows from `start` up to `stop`."""

    def join(self, values: Sequence[object], dim: int) -> object:
        """The values, of one key, one after the other."""

    def copy(self, value: object) -> object:
        """One that does not change with it."""

    def key(self, value: object, dim: int) -> Hashable:
        """Values of equal keys can be joined."""


class ListRows:
    """Lists and tuples: every item is a row, and any can be joined."""

    def count(self, value: object, dim: int) -> int:
        """The length."""
        return len(cast("list[object]", value))

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """A slice."""
        return cast("list[object]", value)[start:stop]

    def join(self, values: Sequence[object], dim: int) -> object:
        """One new list."""
        return [item for value in cast("Sequence[list[object]]", values) for item in value]

    def copy(self, value: object) -> object:
        """Its items copied, too, where they can be."""
        try:
            return copy.deepcopy(value)
        except Exception:  # noqa: BLE001 - items are of the service's types, and raise what they like
            return value

    def key(self, value: object, dim: int) -> Hashable:
        """All the same."""
        return None


def row_kind(value: object) -> RowKind | None:
    """The kind of the value; None where it cannot be split into rows."""
    cls: type = type(value)
    if cls not in _FOUND:
        _FOUND[cls] = _find_kind(cls)
    return _FOUND[cls]


def _find_kind(cls: type) -> RowKind | None:
    if issubclass(cls, list | tuple):
        return ListRows()
    for base in cls.__mro__:
        found = _LIBRARY_KINDS.get((base.__module__.partition(".")[0], base.__name__))
        if found:
            module, name = found
            return cast(RowKind, getattr(importlib.import_module(module), name)())
    return None


_FOUND: dict[type, RowKind | None] = {}  # by class: a look-up for every request
