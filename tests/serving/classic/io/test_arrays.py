"""`NumpyNdarray`: dtype and shape, asked for and enforced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ekiben.errors import BadInput, ServiceError
from ekiben.io import NumpyNdarray
from ekiben.serving.payload.npy import NPY, write_array
from tests.serving.classic.requests import read, read_sent, written


def read_array(descriptor: NumpyNdarray, body: bytes, media_type: str = "application/json") -> np.ndarray[Any, Any]:
    array = read(descriptor, body, media_type)
    assert isinstance(array, np.ndarray)
    return array


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(-9, 9)))
def test_an_array_that_is_written_reads_back(array: np.ndarray[Any, Any]) -> None:
    assert np.array_equal(read_array(NumpyNdarray(dtype="float64"), written(NumpyNdarray(), array)), array)


@pytest.mark.parametrize(
    ("options", "body", "dtype", "shape"),
    [
        ({}, b"[[1, 2]]", "int64", (1, 2)),
        ({"dtype": "float32"}, b"[[1, 2]]", "float32", (1, 2)),
        ({"dtype": "float32"}, b"[1.5]", "float32", (1,)),
        ({"shape": (-1, 2)}, b"[1, 2, 3, 4]", "int64", (2, 2)),
        ({"shape": (2, 2)}, b"[1, 2, 3]", "int64", (3,)),  # as BentoML, where it is not enforced
        ({"dtype": "int32"}, b"[1.5]", "float64", (1,)),
        ({}, b'["a", "bc"]', "<U2", (2,)),
    ],
)
def test_dtype_and_shape_are_applied_where_they_can_be(
    options: dict[str, Any], body: bytes, dtype: str, shape: tuple[int, ...]
) -> None:
    array = read_array(NumpyNdarray(**options), body)
    assert (array.dtype, array.shape) == (np.dtype(dtype), shape)


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"dtype": "int32", "enforce_dtype": True}, b"[1.5]"),
        ({"shape": (-1, 4), "enforce_shape": True}, b"[[1, 2]]"),
        ({}, b"[[1], [2, 3]]"),
        ({}, b'[1, {"a": 2}]'),
        ({}, b"[1"),
    ],
)
def test_what_does_not_fit_is_a_400_where_that_is_enforced(options: dict[str, Any], body: bytes) -> None:
    with pytest.raises(BadInput, match="`value`"):
        read(NumpyNdarray(**options), body)


def test_numpys_own_file_is_read_too() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert np.array_equal(read_array(NumpyNdarray(), write_array(array), NPY), array)


def test_another_services_array_is_held_to_the_same() -> None:
    with pytest.raises(BadInput, match="dtype"):
        read_sent(NumpyNdarray(dtype="int8", enforce_dtype=True), np.ones(2))


@pytest.mark.parametrize("result", [[object()], np.ones((1, 3))])
def test_a_result_that_is_not_what_was_declared_is_the_services_fault(result: object) -> None:
    with pytest.raises(ServiceError, match="the result"):
        written(NumpyNdarray(shape=(-1, 2), enforce_shape=True), result)


def test_a_sample_says_dtype_columns_and_example() -> None:
    described = NumpyNdarray.from_sample(np.array([[1.5, 2]]), enforce_shape=False)
    assert described.documented() == {
        "type": "array",
        "items": {"type": "array", "items": {"type": "number"}},
        "title": "numpy.ndarray",
        "x-dtype": "float64",
        "examples": [[[1.5, 2.0]]],
    }
    assert read_array(described, b"[[1, 2], [3, 4]]").dtype == np.float64


@pytest.mark.parametrize("options", [{"enforce_dtype": True}, {"enforce_shape": True}, {"dtype": "no such"}])
def test_options_that_cannot_be_are_refused_where_they_are_written(options: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=r"dtype|shape"):
        NumpyNdarray(**options)
