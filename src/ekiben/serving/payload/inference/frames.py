"""Tensors as pandas series, and several as the columns of a frame. Loaded where a service names pandas.

As KServe and MLServer have it: a column is a tensor of its name, of `n` elements; one that is sent as `[n, 1]` is read,
too. The index is not sent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.oip.tensors import Tensor
from ekiben.serving.payload.inference import arrays


def read_tensor(tensor: Tensor) -> pd.Series[Any]:
    """The series of one tensor. Raises BadInput where it has more than one dimension beyond those of 1."""
    if math.prod(tensor.shape[1:]) != 1:
        raise BadInput(f"the tensor `{tensor.name}` of shape {list(tensor.shape)} is no column")
    array = arrays.read_tensor(tensor).reshape(-1)
    return pd.Series(array.astype(object) if array.dtype.kind == "U" else array)


def read_columns(tensors: Sequence[Tensor]) -> pd.DataFrame:
    """The frame. Raises BadInput where columns differ in length, or one comes twice."""
    columns = {one.name: read_tensor(one) for one in tensors}
    if len(columns) < len(tensors):
        raise BadInput("a column was sent twice")
    if len({len(one) for one in columns.values()}) > 1:
        lengths = ", ".join(f"`{name}` {len(one)}" for name, one in columns.items())
        raise BadInput(f"the columns differ in length: {lengths}")
    return pd.DataFrame(columns)


def write_columns(frame: pd.DataFrame) -> list[tuple[str, object]]:
    """Name and values of each column. Raises ServiceError for one that misses values which no array can miss."""
    return [(str(label), _values(str(label), frame.iloc[:, at])) for at, label in enumerate(frame.columns)]


def write_series(series: pd.Series[Any]) -> object:
    """The values, as an array or a list."""
    return _values(str(series.name), series)


def _values(name: str, series: pd.Series[Any]) -> object:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind != "O":
        return series.to_numpy()
    if series.isna().any():
        raise ServiceError(f"the column `{name}` of {series.dtype} misses values, which a tensor cannot")
    return series.tolist()
