"""Rows of pandas frames and series."""

import pandas as pd

from ekiben.serving.execution.frame_rows import FrameRows, SeriesRows


def test_rows_are_numbered_as_if_they_were_alone() -> None:
    frame = FrameRows().take(pd.DataFrame({"a": [1, 2, 3]}), 1, 3, 0)
    series = SeriesRows().take(pd.Series([1, 2, 3]), 1, 3, 0)
    assert isinstance(frame, pd.DataFrame)
    assert isinstance(series, pd.Series)
    assert frame.index.tolist() == series.index.tolist() == [0, 1]


def test_frames_of_other_columns_or_dtypes_are_apart() -> None:
    key = FrameRows().key(pd.DataFrame({"a": [1]}), 0)
    assert key == FrameRows().key(pd.DataFrame({"a": [2, 3]}), 0)
    assert key != FrameRows().key(pd.DataFrame({"a": [1.5]}), 0)
    assert key != FrameRows().key(pd.DataFrame({"b": [1]}), 0)
