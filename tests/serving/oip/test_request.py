"""Requests: what Triton's client writes is read; what is wrong with one is said."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tritonclient.http import InferRequestedOutput

from ekiben.errors import BadInput
from ekiben.serving.oip.datatypes import NUMBERS
from ekiben.serving.oip.media import Mark
from ekiben.serving.oip.request import count_tensor_rows, read_request, read_wishes
from ekiben.serving.wire import Payload
from tests.serving.oip.triton import triton_input, triton_request

DTYPES = st.sampled_from([one.dtype for one in NUMBERS.values() if one.name != "BF16"])
SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=4)
ARRAYS = DTYPES.flatmap(lambda name: arrays.arrays(np.dtype(name), SHAPES, elements={"allow_nan": False}))
SIZED = arrays.array_shapes(min_dims=1, max_dims=2, max_side=4)
BLOBS = arrays.arrays(np.dtype(object), SIZED, elements=st.binary(max_size=9), fill=st.nothing())


@given(st.lists(ARRAYS | BLOBS, min_size=1, max_size=4))
def test_binary_tensors_are_read_as_their_client_wrote_them(written: list[np.ndarray[Any, Any]]) -> None:
    request = read_request(triton_request([triton_input(f"x{at}", one) for at, one in enumerate(written)]))
    for at, (tensor, array) in enumerate(zip(request.inputs, written, strict=True)):
        assert (tensor.name, tensor.shape) == (f"x{at}", array.shape)
        assert list(tensor.unpacked()) == array.reshape(-1).tolist()


@given(ARRAYS)
def test_json_tensors_are_read_as_their_client_wrote_them(array: np.ndarray[Any, Any]) -> None:
    if np.isinf(array.astype(np.float64)).any():
        return  # which JSON does not have
    (tensor,) = read_request(triton_request([triton_input("x", array, is_binary=False)])).inputs
    assert (tensor.shape, list(tensor.unpacked())) == (array.shape, array.reshape(-1).tolist())


def test_json_and_binary_tensors_go_together_in_any_order() -> None:
    first, second, third = np.array([[1, 2]], np.float32), np.array([3], np.int64), np.array([True])
    inputs = [triton_input("a", first), triton_input("b", second, is_binary=False), triton_input("c", third)]
    assert [list(one.unpacked()) for one in read_request(triton_request(inputs)).inputs] == [[1, 2], [3], [True]]


def test_elements_may_be_nested() -> None:
    (tensor,) = read_request(body({"inputs": [one_input(shape=[2, 2], data=[[1, 2], [3, 4]])]})).inputs
    assert tensor.unpacked() == [1, 2, 3, 4]


def test_bytes_in_json_may_be_base64() -> None:
    given = one_input(datatype="BYTES", shape=[1], data=["/w=="], parameters={"content_type": "base64"})
    assert read_request(body({"inputs": [given]})).inputs[0].unpacked() == [b"\xff"]


def test_a_request_says_what_it_wants_back() -> None:
    outputs = [InferRequestedOutput("label"), InferRequestedOutput("score", binary_data=False)]
    wishes = read_wishes(triton_request([triton_input("x", np.array([1], np.float32))], outputs, request_id="r-1"))
    assert (wishes.id, wishes.outputs) == ("r-1", {"label": True, "score": False})
    assert (wishes.mark.model, wishes.mark.version) == ("iris", "3")


def test_without_outputs_their_client_wants_all_of_them_binary() -> None:
    wishes = read_wishes(triton_request([triton_input("x", np.array([1], np.float32))]))
    assert (wishes.outputs, wishes.is_binary) == ({}, True)


@pytest.mark.parametrize("is_binary", [True, False])
def test_rows_are_counted_without_reading_the_tensors(is_binary: bool) -> None:
    request = triton_request([triton_input("x", np.zeros((300, 400), np.float32), is_binary=is_binary)])
    assert [count_tensor_rows(request, dim) for dim in range(3)] == [300, 400, 1]


def one_input(**changes: object) -> dict[str, object]:
    return {"name": "x", "datatype": "FP32", "shape": [2], "data": [1, 2], **changes}


def body(document: object, rest: bytes = b"", header: int | None = None) -> Payload:
    head = json.dumps(document).encode()
    return Payload(str(Mark(len(head) if header is None and rest else header or 0)), head + rest)


WRONG = {
    "no inference request": {},
    "no whole|and 1 were sent": {"inputs": [one_input(data=[1])]},
    "neither `data` nor": {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2]}]},
    "no datatype of numbers": {"inputs": [one_input(datatype="FP99")]},
    "differ in depth": {"inputs": [one_input(data=[[1], 2])]},
    "has the shape": {"inputs": [one_input(shape=[-2])]},
    "has the shape .1, 1": {"inputs": [one_input(shape=[1] * 100_000)]},
    "is empty, and has": {"inputs": [one_input(shape=[10**9, 0], data=[])]},
    "2000000000 elements": {"inputs": [one_input(shape=[10**9, 2])]},
    "no memory is shared|not acted on": {"inputs": [one_input(parameters={"shared_memory_region": "r"})]},
    "has no 9 bytes": {"inputs": [one_input(parameters={"binary_data_size": 9})]},
    "has no -1 bytes": {"inputs": [one_input(parameters={"binary_data_size": -1})]},
    "has no True bytes|no 1 bytes|has 8 bytes": {"inputs": [one_input(parameters={"binary_data_size": True})]},
    "no base64": {"inputs": [one_input(datatype="BYTES", data=["é", "?"], parameters={"content_type": "base64"})]},
}


@pytest.mark.parametrize("why", WRONG)
def test_what_is_wrong_with_a_request_is_said(why: str) -> None:
    with pytest.raises(BadInput, match=why):
        read_request(body(WRONG[why]))


def test_bytes_behind_the_last_tensor_are_refused() -> None:
    given = {"name": "x", "datatype": "INT8", "shape": [2], "parameters": {"binary_data_size": 2}}
    with pytest.raises(BadInput, match="3 bytes follow"):
        read_request(body({"inputs": [given]}, b"12345"))


def test_a_head_longer_than_the_body_is_refused() -> None:
    with pytest.raises(BadInput, match="999 bytes"):
        read_request(body({}, header=999))


@given(st.binary(max_size=200), st.integers(0, 220))
def test_any_other_body_is_refused_and_nothing_else(noise: bytes, header: int) -> None:
    with pytest.raises(BadInput):
        read_request(Payload(str(Mark(header)), noise))
