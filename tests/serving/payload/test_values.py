"""Values as they cross between services: what comes out is what went in, and nothing hostile comes out at all."""

from __future__ import annotations

import contextlib
import gc
import math
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydantic import BaseModel, Field
from scipy import sparse

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import VALUES, count_value_rows, decode_values, encode_values

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
DTYPES = ("?", "<i1", "<u2", "<i4", "<i8", "<f2", "<f4", "<f8", "<c16", "<U3", "|S2", "<M8[ns]", "<m8[s]")


def crossed(value: object) -> Any:
    return decode_values(encode_values(value).body)


@given(PLAIN)
def test_plain_data_comes_back(value: object) -> None:
    assert crossed(value) == value


@given(st.sampled_from(DTYPES), st.lists(st.integers(0, 3), max_size=3), st.booleans())
def test_arrays_come_back_with_dtype_and_shape(dtype: str, shape: list[int], is_fortran: bool) -> None:
    array = np.arange(math.prod(shape)).astype(dtype).reshape(shape)
    given_array = np.asfortranarray(array) if is_fortran else array
    found = crossed({"a": [given_array]})["a"][0]
    assert (found.dtype, found.shape) == (given_array.dtype, given_array.shape)
    np.testing.assert_array_equal(found, given_array)


def test_arrays_of_objects_and_numpys_own_numbers_come_back() -> None:
    found = crossed([np.array(["a", None], dtype=object), np.float32(0.5), np.int8(3), np.bool_(True)])
    assert found[0].tolist() == ["a", None]
    assert found[1:] == [0.5, 3, True]


def test_an_array_in_memory_that_may_be_written_to_is_a_view_of_it() -> None:
    memory = bytearray(encode_values(np.zeros(100)).body)
    found: Any = decode_values(memoryview(memory))
    found[:] = 7.0
    assert memory.count(np.float64(7.0).tobytes()) == 100


def test_an_array_of_bytes_that_may_not_be_written_to_is_a_copy_that_may() -> None:
    found = crossed(np.zeros(4))
    found += 1
    assert found.tolist() == [1, 1, 1, 1]


def test_large_arrays_lie_on_cache_lines() -> None:
    memory = memoryview(bytearray(encode_values([b"odd", np.zeros(3), np.ones(5)]).body))
    start = np.frombuffer(memory, np.uint8).ctypes.data
    arrays: Any = decode_values(memory)
    assert [(array.ctypes.data - start) % 64 for array in arrays[1:]] == [0, 0]


def test_frames_and_series_come_back() -> None:
    frame = pd.DataFrame(
        {
            "number": [1, 2],
            "text": ["x", None],
            "gap": [1.5, np.nan],
            "time": pd.to_datetime(["2020-01-01", "2021-01-01"]),
            "kind": pd.Categorical(["u", "v"]),
            "whole": pd.array([1, None], dtype="Int64"),
        },
        index=["a", "b"],
    )
    series = pd.Series([1.0, 2.0], name="s")
    found = crossed({"frame": frame, "series": series, "empty": pd.DataFrame({"a": []})})
    pd.testing.assert_frame_equal(found["frame"], frame)
    pd.testing.assert_series_equal(found["series"], series)
    assert found["empty"].shape == (0, 1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I", "F"])
def test_images_come_back_pixel_by_pixel(mode: str) -> None:
    image = Image.linear_gradient("L").resize((5, 3)).convert("RGB").convert(mode)
    found = crossed(image)
    assert (found.mode, found.size, found.tobytes()) == (image.mode, image.size, image.tobytes())


def test_sparse_matrices_come_back() -> None:
    matrix = sparse.csr_matrix(np.diag([1.0, 0.0, 3.0]))
    found = crossed(matrix)
    assert isinstance(found, sparse.csr_matrix)
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())


def test_tensors_come_back_with_types_that_numpy_lacks() -> None:
    tensors = {"a": torch.arange(6).reshape(2, 3), "b": torch.ones(2, dtype=torch.bfloat16)}
    found = crossed(tensors)
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())
    assert found["b"].dtype == torch.bfloat16


def test_files_come_back_as_files_of_the_call(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("content")
    body = encode_values({"file": tmp_path / "a b.txt"}).body
    with RequestFolder() as folder:
        found: Any = decode_values(body, folder)
        assert (found["file"].name, found["file"].read_text()) == ("a b.txt", "content")
        assert found["file"].is_relative_to(folder.path)


class Named(BaseModel):
    number: int = Field(alias="No")
    inner: object = None


@dataclass
class Plain:
    array: object


def test_models_and_dataclasses_cross_as_the_fields_they_are_read_by() -> None:
    found = crossed([Named(No=1, inner=Named(No=2)), Plain(np.zeros(1))])
    assert found[0] == {"No": 1, "inner": {"No": 2, "inner": None}}
    assert found[1]["array"].tolist() == [0.0]


@pytest.mark.parametrize("value", [object(), {"a": [lambda: 1]}, 2**64, pd.MultiIndex.from_tuples([(1, 2)]).to_frame()])
def test_what_is_not_carried_is_said(value: object) -> None:
    with pytest.raises(ServiceError, match="the argument cannot be sent to another service"):
        encode_values(value, "the argument")


@pytest.mark.parametrize(
    ("value", "dim", "rows"),
    [
        (["a", "b"], 0, 2),
        ([[1, 2, 3]], 1, 3),
        (np.zeros((4, 5)), 0, 4),
        (np.zeros((4, 5)), 1, 5),
        ([np.zeros((4, 5))], 1, 4),
        (pd.DataFrame({"a": [1, 2, 3]}), 0, 3),
        (3, 0, 1),
        ({"a": 1}, 0, 1),
    ],
)
def test_rows_are_counted_by_the_head_alone(value: object, dim: int, rows: int) -> None:
    assert count_value_rows(encode_values({"x": value}).body, "x", dim) == rows


@given(st.binary(max_size=200))
def test_bytes_that_are_no_values_are_a_bad_request(content: bytes) -> None:
    with pytest.raises(BadInput):
        decode_values(content)
    assert count_value_rows(content, "x", 0) == 1


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_damaged_body_is_read_or_refused(at: int, byte: int) -> None:
    whole = bytearray(encode_values({"a": np.arange(6), "f": pd.DataFrame({"c": [1, 2]}), "t": ["x", None]}).body)
    whole[at % len(whole)] = byte
    with contextlib.suppress(BadInput):
        decode_values(bytes(whole))
    count_value_rows(bytes(whole), "a", 0)


@pytest.mark.parametrize("dtype", ["|O", "<f8,<f8", "|V8", "nonsense"])
def test_an_array_of_a_foreign_dtype_is_refused(dtype: str) -> None:
    tree = msgspec.msgpack.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode([[1], dtype, 0])))
    head = msgspec.msgpack.encode(([8], msgspec.Raw(tree)))
    start = 8 + len(head)
    body = b"EKV1" + len(head).to_bytes(4, "little") + head + bytes(-start % 64) + bytes(8)
    with pytest.raises(BadInput, match=VALUES):
        decode_values(body)


def test_what_was_encoded_is_let_go_at_once() -> None:
    array = np.ones(1000)
    seen = weakref.ref(array)
    gc.disable()
    try:
        encode_values({"rows": [array]})
        del array
        assert seen() is None
    finally:
        gc.enable()
