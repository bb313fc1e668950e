"""Pandas frames and series as JSON."""

import pandas as pd
import pytest

from ekiben.errors import BadInput
from ekiben.serving.payload.frames import FrameInput, SeriesInput, input_codec
from ekiben.serving.payload.json_values import encode_json

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]',
        '{"a": [1, 2], "b": ["x", "y"]}',
        '{"a": {"0": 1, "1": 2}, "b": {"0": "x", "1": "y"}}',
    ],
)
def test_a_frame_is_read_from_records_and_from_columns(text: str) -> None:
    frame = FrameInput().read_json(text.encode(), "df")
    assert isinstance(frame, pd.DataFrame)
    pd.testing.assert_frame_equal(frame, FRAME)


def test_null_is_a_missing_value() -> None:
    frame = FrameInput().read_json(b'[{"a": 1.5}, {"a": null}, {}]', "df")
    assert isinstance(frame, pd.DataFrame)
    assert frame["a"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("text", ['{"a": [1, 2], "b": [1]}', "[1, 2]", "5", '{"a": 1}', "[[1, 2]]", "[" * 3000])
def test_what_is_no_frame_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="`df`"):
        FrameInput().read_json(text.encode(), "df")


def test_a_frame_that_is_written_reads_back() -> None:
    back = FrameInput().read_json(encode_json(FRAME), "df")
    assert isinstance(back, pd.DataFrame)
    pd.testing.assert_frame_equal(back, FRAME)


def test_a_series_is_a_list() -> None:
    series = SeriesInput().read_json(b"[1, 2, null]", "s")
    assert isinstance(series, pd.Series)
    assert series.dropna().tolist() == [1, 2]
    with pytest.raises(BadInput, match="`s`: a series is a list"):
        SeriesInput().read_json(b'{"a": 1}', "s")


def test_other_types_of_pandas_are_not_these_codecs() -> None:
    assert input_codec(pd.Timestamp) is None
