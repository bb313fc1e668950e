"""Elements: raw bytes and lists say the same, as numpy has it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import NUMBERS
from ekiben.serving.oip.elements import join_blobs, narrow, pack, split_blobs, unpack, widen

DTYPES = {name: np.dtype(one.dtype) for name, one in NUMBERS.items() if name != "BF16"}


@given(st.data(), st.sampled_from(sorted(DTYPES)))
def test_numbers_are_unpacked_as_numpy_reads_them_and_packed_again(data: st.DataObject, name: str) -> None:
    array: np.ndarray[Any, Any] = data.draw(arrays.arrays(DTYPES[name], st.integers(0, 20)))
    items = unpack(name, array.tobytes())
    np.testing.assert_array_equal(np.array(items, DTYPES[name]), array)
    if not np.isnan(array.astype(np.float64)).any():
        assert pack(name, items) == array.tobytes()


@given(st.lists(st.one_of(st.text(st.characters(exclude_categories=["Cs"])), st.binary())))
def test_texts_and_bytes_come_back_as_bytes(items: list[str | bytes]) -> None:
    expected = [item.encode() if isinstance(item, str) else item for item in items]
    assert split_blobs(join_blobs(items)) == expected


@given(st.lists(st.floats(width=16), max_size=20))
def test_bfloat_is_the_upper_half_of_a_float(items: list[float]) -> None:
    raw = np.array(items, np.float32).tobytes()
    assert narrow(widen(narrow(raw))) == narrow(raw)
    for item, found in zip(items, unpack("BF16", narrow(raw)), strict=True):
        assert (math.isnan(item) and math.isnan(found)) or found == pytest.approx(item, rel=2**-7, abs=1e-38)


def test_null_among_floats_is_not_a_number() -> None:
    assert math.isnan(unpack("FP32", pack("FP32", [None]))[0])


@pytest.mark.parametrize(
    ("datatype", "items"),
    [
        ("INT8", [300]), ("INT32", [1.5]), ("INT64", ["1"]), ("UINT8", [-1]), ("BOOL", ["yes"]), ("BOOL", [2]),
        ("FP32", ["1"]), ("FP16", ["1"]), ("FP16", [1e9]), ("BYTES", [7]), ("INT16", [None]), ("COMPLEX", [1]),
    ],
)  # fmt: skip
def test_what_is_no_element_of_the_datatype_is_refused(datatype: str, items: list[object]) -> None:
    with pytest.raises(BadInput):
        pack(datatype, items)


@pytest.mark.parametrize("raw", [b"\x01", b"\x05\0\0\0abc", b"\xff\xff\xff\xff"])
def test_a_length_that_leads_beyond_the_end_is_refused(raw: bytes) -> None:
    with pytest.raises(BadInput, match="byte 0"):
        split_blobs(raw)


def test_half_an_element_is_refused() -> None:
    with pytest.raises(BadInput, match="whole elements of FP32"):
        unpack("FP32", b"abc")
