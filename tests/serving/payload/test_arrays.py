"""Numpy arrays as JSON."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ekiben.errors import BadInput
from ekiben.serving.payload.array_form import ArrayForm
from ekiben.serving.payload.arrays import ArrayInput, input_codec
from ekiben.serving.payload.json_values import encode_json

Array = np.ndarray[Any, Any]


def read(text: str, annotation: object = np.ndarray) -> Array:
    codec = input_codec(annotation)
    assert codec is not None
    value = codec.read_json(text.encode(), "x")
    assert isinstance(value, np.ndarray)
    return value


@pytest.mark.parametrize(
    ("text", "dtype", "shape"),
    [
        ("[1, 2]", "int64", (2,)),
        ("[1, 2.5]", "float64", (2,)),
        ("[[1.0, 2.0], [3.0, 4.0]]", "float64", (2, 2)),
        ("[true, false]", "bool", (2,)),
        ('["a", "bcd"]', "<U3", (2,)),
        ("[]", "float64", (0,)),
        ("5", "int64", ()),
        ("[18446744073709551615]", "uint64", (1,)),
    ],
)
def test_the_dtype_comes_from_the_data(text: str, dtype: str, shape: tuple[int, ...]) -> None:
    array = read(text)
    assert (array.dtype, array.shape) == (np.dtype(dtype), shape)


def test_null_is_nan_in_a_numeric_array() -> None:
    assert np.array_equal(read("[[1, null], [2.5, 3]]"), [[1, np.nan], [2.5, 3]], equal_nan=True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[1, 2], [3]]", "rows differ in length"),
        ("[[1], 2]", "rows differ in length"),
        ('[1, "a"]', "of one type"),
        ('[null, "a"]', "of one type"),
        ('[{"a": 1}]', "of one type"),
        ("[" + "9" * 400 + ", null]", "too large"),
        ("[" * 5000 + "]" * 5000, "`x`"),
    ],
)
def test_what_is_no_array_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(text)


@pytest.mark.parametrize(
    ("annotation", "text", "dtype"),
    [
        (npt.NDArray[np.float32], "[1, 2.5, null]", "float32"),
        (npt.NDArray[np.float64], "[1]", "float64"),
        (npt.NDArray[np.uint8], "[0, 255]", "uint8"),
        (npt.NDArray[np.int64], "[]", "int64"),
        (npt.NDArray[np.floating[Any]], "[1.5]", "float64"),
        (npt.NDArray[np.str_], '["abc"]', "<U3"),
    ],
)
def test_a_declared_dtype_is_kept(annotation: object, text: str, dtype: str) -> None:
    assert read(text, annotation).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("annotation", "text", "reason"),
    [
        (npt.NDArray[np.int64], "[1.5]", "float64 where int64"),
        (npt.NDArray[np.uint8], "[256]", "does not fit into uint8"),
        (npt.NDArray[np.uint8], "[-1]", "does not fit into uint8"),
        (npt.NDArray[np.bool_], "[2]", "does not fit into bool"),
        (npt.NDArray[np.float32], '["a"]', "where float32"),
    ],
)
def test_values_are_never_rounded_or_wrapped_into_a_declared_dtype(annotation: object, text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read(text, annotation)


def test_other_types_of_numpy_are_not_this_codecs() -> None:
    assert input_codec(np.float64) is None


@given(
    hnp.arrays(
        st.sampled_from([np.int64, np.float64, np.bool_]),
        hnp.array_shapes(max_dims=4, max_side=4),
        elements={"allow_nan": True, "allow_infinity": False},
    )
)
def test_an_array_that_is_written_reads_back(array: Array) -> None:
    back = ArrayInput(ArrayForm(array.dtype)).read_json(encode_json(array), "x")
    assert isinstance(back, np.ndarray)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert np.array_equal(back, array, equal_nan=array.dtype.kind == "f")
