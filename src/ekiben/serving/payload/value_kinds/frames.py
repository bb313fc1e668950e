"""Pandas frames and series: columns of numbers and times as arrays, others item by item with the name of their dtype.

Labels and the index are kept; an index of several levels is not carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pandas as pd

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import Buffers

_FRAME, _SERIES = "frame", "series"
_RAW_KINDS = "biufcmM"
_DTYPE_NAMES = frozenset(
    {"object", "str", "string", "category", "boolean", "Float32", "Float64"}
    | {f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)}
)


def write(value: object, _: Buffers) -> Sequence[object] | None:
    """Shape, what it is, index, labels (a series: its name), columns."""
    if isinstance(value, pd.DataFrame):
        columns = [_column(value.iloc[:, at]) for at in range(value.shape[1])]
        return (value.shape, _FRAME, _index(value.index), value.columns.tolist(), columns)
    if isinstance(value, pd.Series):
        return (value.shape, _SERIES, _index(value.index), [value.name], [_column(value)])
    if isinstance(value, pd.Timestamp):
        return (value.isoformat(),)
    return (None,) if value is pd.NA or value is pd.NaT else None


def read(data: Sequence[object], _: Buffers, __: RequestFolder | None) -> object:
    """The frame or series."""
    kind, index, labels = data[1], _read_index(cast(Any, data[2])), cast(list[Any], data[3])
    columns = [_read_column(cast(Any, one), index) for one in cast(list[object], data[4])]
    if kind == _SERIES:
        return columns[0].rename(labels[0])
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame(index=index)
    frame.columns = pd.Index(labels)
    return frame


def _column(series: pd.Series[Any]) -> tuple[str, object]:
    """The name of the dtype (empty: the array's own), and the values."""
    values = series.to_numpy()
    if isinstance(series.dtype, np.dtype) and values.dtype.kind in _RAW_KINDS:
        return "", values
    items = [None if item is pd.NA or item is pd.NaT else item for item in series.astype(object).tolist()]
    return str(series.dtype), items


def _read_column(column: tuple[str, Any], index: pd.Index[Any]) -> pd.Series[Any]:
    dtype, values = column
    if not dtype:
        return pd.Series(values, index=index)
    name = dtype if dtype in _DTYPE_NAMES or dtype.startswith("datetime64[") else "object"
    return pd.Series(values, index=index, dtype=name)


def _index(index: pd.Index[Any]) -> object:
    if isinstance(index, pd.RangeIndex):
        return [index.start, index.stop, index.step]
    if isinstance(index, pd.MultiIndex):
        raise TypeError("a frame with an index of several levels is not carried")
    return [*_column(index.to_series()), index.name]


def _read_index(index: list[Any]) -> pd.Index[Any]:
    if isinstance(index[0], int):
        return pd.RangeIndex(*index)
    dtype, values, name = index
    column = _read_column((dtype, values), pd.RangeIndex(len(values)))
    found: pd.Index[Any] = pd.Index(column, name=name)
    return found
