"""Rows of pandas frames and series, along dimension 0. Loaded when the first of them comes."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, cast

import pandas as pd


class FrameRows:
    """Frames are joined where columns and dtypes are the same: pandas would widen a column that meets another."""

    def count(self, value: object, dim: int) -> int:
        """The number of rows."""
        return len(cast(pd.DataFrame, value))

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """The rows, numbered from 0 as if they were alone."""
        return cast(pd.DataFrame, value).iloc[start:stop].reset_index(drop=True)

    def join(self, values: Sequence[object], dim: int) -> object:
        """One new frame, numbered from 0."""
        return pd.concat(cast("Sequence[pd.DataFrame]", values), ignore_index=True)

    def copy(self, value: object) -> object:
        """A copy of its data."""
        return cast(pd.DataFrame, value).copy()

    def key(self, value: object, dim: int) -> Hashable:
        """Columns in order, with their dtypes."""
        frame = cast(pd.DataFrame, value)
        return tuple(frame.columns), tuple(frame.dtypes)


class SeriesRows:
    """Series are joined where their dtypes are the same."""

    def count(self, value: object, dim: int) -> int:
        """The length."""
        return len(cast("pd.Series[Any]", value))

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """The rows, numbered from 0 as if they were alone."""
        return cast("pd.Series[Any]", value).iloc[start:stop].reset_index(drop=True)

    def join(self, values: Sequence[object], dim: int) -> object:
        """One new series, numbered from 0."""
        return pd.concat(cast("Sequence[pd.Series[Any]]", values), ignore_index=True)

    def copy(self, value: object) -> object:
        """A copy of its data."""
        return cast("pd.Series[Any]", value).copy()

    def key(self, value: object, dim: int) -> Hashable:
        """The dtype."""
        return cast("pd.Series[Any]", value).dtype
