"""`PandasDataFrame` and `PandasSeries`."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from ekiben.errors import BadInput, ServiceError
from ekiben.io import PandasDataFrame, PandasSeries
from tests.serving.classic.requests import read, read_sent, written

FRAME = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})


@pytest.mark.parametrize("orient", ["records", "columns", "index", "split"])
def test_a_frame_that_is_written_reads_back_in_every_orient(orient: Any) -> None:
    again = read(PandasDataFrame(orient=orient), written(PandasDataFrame(orient=orient), FRAME))
    assert isinstance(again, pd.DataFrame)
    pd.testing.assert_frame_equal(again, FRAME, check_index_type=False)


def test_the_media_type_says_what_a_body_is_and_the_default_where_it_does_not() -> None:
    for media_type, descriptor in (("text/csv", PandasDataFrame()), ("", PandasDataFrame(default_format="csv"))):
        frame = read(descriptor, b"a,b\n1,0.5\n2,1.5\n", media_type)
        assert isinstance(frame, pd.DataFrame)
        pd.testing.assert_frame_equal(frame, FRAME)
    assert written(PandasDataFrame(default_format="csv"), FRAME) == b",a,b\n0,1,0.5\n1,2,1.5\n"


def test_columns_are_named_and_types_enforced() -> None:
    frame = read(PandasDataFrame(columns=["x", "y"], apply_column_names=True), b'[{"a": 1, "b": 2}]')
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["x", "y"]
    frame = read(PandasDataFrame(dtype={"a": "float32"}, enforce_dtype=True), b'[{"a": 1}]')
    assert isinstance(frame, pd.DataFrame)
    assert frame["a"].dtype == "float32"


@pytest.mark.parametrize(
    ("options", "body", "media_type"),
    [
        ({}, b"[", "application/json"),
        ({}, b"7", "application/json"),
        ({"shape": (-1, 3), "enforce_shape": True}, b'[{"a": 1}]', "application/json"),
        ({"columns": ["x"], "apply_column_names": True}, b'[{"a": 1, "b": 2}]', "application/json"),
        ({"dtype": "float32", "enforce_dtype": True}, b"a\nx\n", "text/csv"),
    ],
)
def test_a_body_that_is_no_such_frame_is_a_400(options: dict[str, Any], body: bytes, media_type: str) -> None:
    with pytest.raises(BadInput, match="`value`"):
        read(PandasDataFrame(**options), body, media_type)


def test_parquet_without_its_library_says_what_to_install() -> None:
    with pytest.raises(ServiceError) as caught:
        written(PandasDataFrame(default_format="parquet"), FRAME)
    assert caught.value.hint == "pip install pyarrow"


def test_another_services_records_become_a_frame() -> None:
    sent = read_sent(PandasDataFrame(), [{"a": 1, "b": 0.5}, {"a": 2, "b": 1.5}])
    assert isinstance(sent, pd.DataFrame)
    pd.testing.assert_frame_equal(sent, FRAME)


@pytest.mark.parametrize("descriptor", [PandasDataFrame(), PandasSeries()])
def test_another_result_is_the_services_fault(descriptor: PandasDataFrame | PandasSeries) -> None:
    with pytest.raises(ServiceError, match="`list`"):
        written(descriptor, [1])


@pytest.mark.parametrize(
    "options",
    [{"orient": "diagonal"}, {"default_format": "xml"}, {"apply_column_names": True}, {"enforce_shape": True}],
)
def test_options_that_cannot_be_are_refused_where_they_are_written(options: dict[str, Any]) -> None:
    with pytest.raises(ServiceError):
        PandasDataFrame(**options)


def test_a_series_comes_and_goes() -> None:
    series = read(PandasSeries(dtype="float64"), b"[1, 2]")
    assert isinstance(series, pd.Series)
    assert list(series) == [1.0, 2.0]
    assert str(series.dtype) == "float64"
    assert written(PandasSeries(), series) == b"[1.0,2.0]"


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"dtype": "int8", "enforce_dtype": True}, b"[1.5]"),
        ({"shape": (3,), "enforce_shape": True}, b"[1]"),
        ({}, b"["),
    ],
)
def test_a_body_that_is_no_such_series_is_a_400(options: dict[str, Any], body: bytes) -> None:
    with pytest.raises(BadInput, match="`value`"):
        read(PandasSeries(**options), body)


def test_samples_are_examples() -> None:
    assert PandasDataFrame.from_sample(FRAME.head(1)).documented()["examples"] == [[{"a": 1, "b": 0.5}]]
    assert PandasSeries.from_sample([1]).documented()["examples"] == [[1]]
