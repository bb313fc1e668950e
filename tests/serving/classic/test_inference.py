"""Descriptors of the classic style as tensors of the inference protocol."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ekiben.errors import BadInput
from ekiben.serving.classic.io.arrays import NumpyNdarray
from ekiben.serving.classic.io.descriptor import IODescriptor
from ekiben.serving.classic.io.frames import PandasDataFrame
from ekiben.serving.classic.io.json import JSON
from ekiben.serving.classic.io.multipart import Multipart
from ekiben.serving.classic.io.series import PandasSeries
from ekiben.serving.classic.specs import DescriptorInput, DescriptorOutput, PartsInput
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec
from ekiben.serving.wire import Payload
from tests.serving.oip.triton import triton_input, triton_request, triton_result

ROWS = NumpyNdarray(dtype="float32", shape=(-1, 2))
ONE = triton_request([triton_input("input-0", np.array([[1.5, 2.0]], np.float64))])


def tensors_of(spec: InputSpec | DescriptorOutput) -> list[tuple[str, str, tuple[int, ...]]] | None:
    found = spec.tensors
    return None if found is None else [(one.name, one.datatype, one.shape) for spec in found for one in spec.parts]


@pytest.mark.parametrize(
    ("descriptor", "expected"),
    [
        (ROWS, [("x", "FP32", (-1, 2))]),
        (NumpyNdarray(), [("x", "UNKNOWN", (-1,))]),
        (PandasSeries(dtype="int64"), [("x", "INT64", (-1,))]),
        (PandasDataFrame(columns=["a"], apply_column_names=True), [("a", "UNKNOWN", (-1,))]),
        (PandasDataFrame(), []),
        (JSON(), None),
    ],
)
def test_a_descriptor_of_arrays_is_tensors(descriptor: IODescriptor, expected: object) -> None:
    assert tensors_of(DescriptorInput(descriptor, "x")) == expected


def test_a_tensor_is_the_array_that_the_descriptor_asks_for() -> None:
    array = DescriptorInput(ROWS, "x").decode(ONE, RequestFolder())["x"]
    assert isinstance(array, np.ndarray)
    assert (array.dtype, array.tolist()) == (np.float32, [[1.5, 2.0]])


def test_parts_of_a_form_are_a_tensor_each() -> None:
    spec = PartsInput(Multipart(left=NumpyNdarray(), right=PandasSeries()))
    inputs = [triton_input("left", np.array([1])), triton_input("right", np.array([2]))]
    found = spec.decode(triton_request(inputs), RequestFolder())
    assert isinstance(found["right"], pd.Series)
    assert tensors_of(spec) == [("left", "UNKNOWN", (-1,)), ("right", "UNKNOWN", (-1,))]
    assert tensors_of(PartsInput(Multipart(left=NumpyNdarray(), right=JSON()))) is None
    with pytest.raises(BadInput, match="`right` is missing"):
        spec.decode(triton_request(inputs[:1]), RequestFolder())


def test_a_result_is_written_as_tensors_of_the_declared_dtype() -> None:
    payload: Payload = DescriptorOutput(ROWS).encode(np.array([[1.5, 2.0]]), ONE)
    assert triton_result(payload).as_numpy("output-0").dtype == np.float32
    frame = DescriptorOutput(PandasDataFrame()).encode(pd.DataFrame({"a": [1]}), ONE)
    assert triton_result(frame).as_numpy("a").tolist() == [1]
