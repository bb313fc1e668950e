"""Tensors as arguments: each as its parameter is annotated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch

from ekiben.errors import BadInput, UnsupportedMediaType
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import REQUIRED, InputSpec, Parameter
from ekiben.serving.wire import Body, Payload
from tests.serving.oip.triton import triton_input, triton_request

BLOBS = np.array([b"a", "é".encode()], dtype=object)


def read(annotations: Mapping[str, object], arrays: Mapping[str, Any], **defaults: object) -> dict[str, object]:
    spec = InputSpec([Parameter(name, one, defaults.get(name, REQUIRED)) for name, one in annotations.items()])
    request = triton_request([triton_input(name, one) for name, one in arrays.items()])
    return spec.decode(request, RequestFolder())


def test_an_array_keeps_dtype_and_shape() -> None:
    sent = np.arange(6, dtype=np.float32).reshape(2, 3)
    found = read({"x": np.ndarray}, {"x": sent})["x"]
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, sent)
    found += 1  # its own memory


def test_an_array_becomes_the_dtype_that_is_declared() -> None:
    found = read({"x": npt.NDArray[np.float64]}, {"x": np.array([1.5], np.float32)})["x"]
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    with pytest.raises(BadInput, match="`x`"):
        read({"x": npt.NDArray[np.int64]}, {"x": np.array([1.5], np.float32)})


def test_texts_are_an_array_of_text_and_other_bytes_one_of_objects() -> None:
    assert read({"x": np.ndarray}, {"x": BLOBS})["x"].tolist() == ["a", "é"]  # type: ignore[attr-defined]
    raw = np.array([b"\xff"], dtype=object)
    assert read({"x": np.ndarray}, {"x": raw})["x"].tolist() == [b"\xff"]  # type: ignore[attr-defined]


def test_memory_that_may_be_written_to_is_not_copied() -> None:
    payload = triton_request([triton_input("x", np.zeros(1000))])
    padding = -(len(payload.body) - 8000) % 8  # shared memory is aligned, and so is what lies behind a padded head
    shared = bytearray(payload.body[: len(payload.body) - 8000 - 1]) + b" " * padding + b"}" + bytes(8000)
    head = len(shared) - 8000
    spec = InputSpec([Parameter("x", np.ndarray)])
    body: Body = memoryview(shared)
    found = spec.decode(Payload(f"application/x-ekiben-inference;header={head}", body), RequestFolder())["x"]
    shared[-8:] = np.float64(7).tobytes()
    assert isinstance(found, np.ndarray)
    assert found[-1] == 7


def test_a_tensor_of_torch_keeps_its_type() -> None:
    found = read({"x": torch.Tensor}, {"x": np.array([[1, 2]], np.float16)})["x"]
    assert isinstance(found, torch.Tensor)
    assert (found.dtype, found.tolist()) == (torch.float16, [[1, 2]])


def test_bfloat_is_itself_in_torch_and_a_float_in_numpy() -> None:
    raw = torch.tensor([1.5, -2.0], dtype=torch.bfloat16).view(torch.int16).numpy().tobytes()
    head = b'{"inputs":[{"name":"x","datatype":"BF16","shape":[2],"parameters":{"binary_data_size":4}}]}'
    payload = Payload(f"application/x-ekiben-inference;header={len(head)}", head + raw)
    tensor = InputSpec([Parameter("x", torch.Tensor)]).decode(payload, RequestFolder())["x"]
    array = InputSpec([Parameter("x", np.ndarray)]).decode(payload, RequestFolder())["x"]
    assert isinstance(tensor, torch.Tensor)
    assert isinstance(array, np.ndarray)
    assert (tensor.dtype, tensor.tolist()) == (torch.bfloat16, [1.5, -2.0])
    assert (array.dtype, array.tolist()) == (np.float32, [1.5, -2.0])


@pytest.mark.parametrize(
    ("annotation", "sent", "expected"),
    [
        (list[float], np.array([1.5, 2], np.float32), [1.5, 2.0]),
        (list[int], np.array([1, 2], np.uint8), [1, 2]),
        (list[list[int]], np.array([[1, 2], [3, 4], [5, 6]], np.int64), [[1, 2], [3, 4], [5, 6]]),
        (list[str], BLOBS, ["a", "é"]),
        (list[str], BLOBS.reshape(2, 1), ["a", "é"]),
        (list[bytes], BLOBS, [b"a", "é".encode()]),
        (list[bool], np.array([True, False]), [True, False]),
        (list, np.array([[1], [2]], np.int64), [[1], [2]]),
        (float, np.array([1.5], np.float32), 1.5),
        (str, np.array([b"a"], dtype=object), "a"),
        (list[float] | None, np.array([1], np.float64), [1.0]),
    ],
)
def test_lists_and_single_values_are_pythons_own(annotation: object, sent: Any, expected: object) -> None:
    assert read({"x": annotation}, {"x": sent}) == {"x": expected}


def test_each_parameter_has_its_tensor_and_defaults_fill_the_rest() -> None:
    annotations = {"a": list[int], "b": np.ndarray, "c": float}
    found = read(annotations, {"b": np.array([2], np.int64), "a": np.array([1], np.int64)}, c=0.5)
    assert (found["a"], found["c"]) == ([1], 0.5)
    with pytest.raises(BadInput, match="`b` is missing"):
        read(annotations, {"a": np.array([1], np.int64)}, c=0.5)


def test_a_single_tensor_goes_to_the_only_parameter_that_is_asked_for() -> None:
    found = read({"a": list[int], "c": float}, {"input-0": np.array([1], np.int64)}, c=0.5)
    assert found == {"a": [1], "c": 0.5}


def test_single_values_may_be_parameters_of_the_request() -> None:
    head = b'{"inputs":[{"name":"a","datatype":"INT64","shape":[1],"data":[1]}],"parameters":{"c":2,"other":"x"}}'
    spec = InputSpec([Parameter("a", list[int]), Parameter("c", float, 0.5)])
    assert spec.decode(Payload("application/x-ekiben-inference", head), RequestFolder()) == {"a": [1], "c": 2.0}


def test_a_frame_has_a_column_of_each_tensor() -> None:
    sent = {"name": BLOBS.reshape(2, 1), "age": np.array([36, 45], np.int32)}
    found = read({"frame": pd.DataFrame}, sent)["frame"]
    assert isinstance(found, pd.DataFrame)
    assert found.to_dict("list") == {"name": ["a", "é"], "age": [36, 45]}
    assert found["age"].dtype == np.int32
    with pytest.raises(BadInput, match="differ in length"):
        read({"frame": pd.DataFrame}, {"a": np.array([1], np.int64), "b": np.array([1, 2], np.int64)})


def test_a_series_is_one_tensor() -> None:
    assert read({"x": pd.Series}, {"x": np.array([1, 2], np.int64)})["x"].tolist() == [1, 2]  # type: ignore[attr-defined]


def test_a_tensor_that_no_parameter_is_named_like_is_refused() -> None:
    with pytest.raises(BadInput, match="no input `z`"):
        read({"a": list[int], "b": list[int]}, {"a": np.array([1], np.int64), "z": np.array([1], np.int64)})


def test_an_api_that_takes_no_tensors_does_not_read_the_protocol() -> None:
    with pytest.raises(UnsupportedMediaType):
        read({"x": dict[str, int]}, {"x": np.array([1], np.int64)})


def test_rows_are_counted_along_the_dimension_of_the_batch() -> None:
    request = triton_request([triton_input("x", np.zeros((3, 5)))])
    spec = InputSpec([Parameter("x", np.ndarray)])
    assert [spec.count_rows(request, dim) for dim in range(2)] == [3, 5]
