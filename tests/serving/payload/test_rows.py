"""Counting rows without decoding."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ekiben.serving.payload.rows import count_json_rows


@given(hnp.arrays(np.int8, hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)), st.data())
def test_the_count_is_the_length_of_that_dimension(array: np.ndarray[Any, Any], data: st.DataObject) -> None:
    dimension = data.draw(st.integers(0, array.ndim - 1))
    assert count_json_rows(json.dumps(array.tolist()).encode(), dimension) == array.shape[dimension]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b'[{"a": 1}, {"a": 2}]', 2),
        (b'{"a": [1, 2, 3], "b": [4, 5, 6]}', 3),
        (b'{"a": {"0": 1, "1": 2}}', 2),
        (b"{}", 1),
        (b" [ 1 ] ", 1),
        (b"5", 1),
        (b"", 1),
        (b"[1", 1),
        (b'{"a": 5}', 1),
        (b"[" * 100_000, 1),
    ],
)
def test_frames_count_by_their_first_column_and_the_unreadable_counts_as_one(text: bytes, rows: int) -> None:
    assert count_json_rows(text, 0) == rows
