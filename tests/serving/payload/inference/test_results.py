"""Results as tensors: what Triton's client reads of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from pydantic import BaseModel

from ekiben.errors import ServiceError
from ekiben.serving.payload.output import OutputSpec
from tests.serving.oip.triton import head_of, triton_input, triton_request, triton_result

REQUEST = triton_request([triton_input("x", np.array([1], np.float32))])


class Scored(BaseModel):
    label: list[str]
    score: list[float]


@dataclass
class Boxes:
    boxes: np.ndarray[Any, Any]


class Pair(NamedTuple):
    left: list[int]
    right: list[int]


def outputs(value: object) -> dict[str, tuple[str, list[int], object]]:
    payload = OutputSpec().encode(value, REQUEST)
    result = triton_result(payload)
    return {
        one["name"]: (one["datatype"], one["shape"], result.as_numpy(one["name"]).tolist())
        for one in head_of(payload)["outputs"]
    }


@pytest.mark.parametrize(
    ("value", "datatype", "shape", "elements"),
    [
        (np.array([[1, 2]], np.float32), "FP32", [1, 2], [[1, 2]]),
        (np.arange(6)[::2], "INT64", [3], [0, 2, 4]),
        (np.array([1, 2], ">i4"), "INT32", [2], [1, 2]),
        (np.array(["é", "b"]), "BYTES", [2], ["é".encode(), b"b"]),
        (np.array(["é", b"\xff"], object), "BYTES", [2], ["é".encode(), b"\xff"]),
        (np.array(["2026-11-22"], "M8[D]"), "BYTES", [1], [b"2026-11-22"]),
        (np.float64(1.5), "FP64", [1], [1.5]),
        (np.array(3), "INT64", [1], [3]),
        (torch.tensor([[1.5]], requires_grad=True), "FP32", [1, 1], [[1.5]]),
        (pd.Series([1, 2]), "INT64", [2], [1, 2]),
        ([1, 2.5], "FP64", [2], [1, 2.5]),
        ([[1], [2]], "INT64", [2, 1], [[1], [2]]),
        ([True], "BOOL", [1], [True]),
        (["a"], "BYTES", [1], [b"a"]),
        ([], "FP64", [0], []),
        ([[], []], "FP64", [2, 0], [[], []]),
        (7, "INT64", [1], [7]),
        ("a", "BYTES", [1], [b"a"]),
        ([np.array([1, 2], np.float32), np.array([3, 4], np.float32)], "FP32", [2, 2], [[1, 2], [3, 4]]),
        ([np.int64(1), np.int64(2)], "INT64", [2], [1, 2]),
        ([torch.tensor([1.0])], "FP32", [1, 1], [[1]]),
    ],
)
def test_one_value_is_one_tensor(value: object, datatype: str, shape: list[int], elements: object) -> None:
    assert outputs(value) == {"output-0": (datatype, shape, elements)}


def test_bfloat_stays_bfloat() -> None:
    payload = OutputSpec().encode(torch.tensor([1.5], dtype=torch.bfloat16), REQUEST)
    assert head_of(payload)["outputs"][0]["datatype"] == "BF16"
    assert float(triton_result(payload).as_numpy("output-0")[0]) == 1.5


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"label": ["a"], "score": np.array([0.5], np.float32)}, ["label", "score"]),
        (Scored(label=["a"], score=[0.5]), ["label", "score"]),
        (Boxes(np.zeros((1, 4))), ["boxes"]),
        (Pair([1], [2]), ["left", "right"]),
        ((np.zeros(1), [1]), ["output-0", "output-1"]),
        (pd.DataFrame({"a": [1], "b": ["x"]}), ["a", "b"]),
    ],
)
def test_several_values_are_tensors_by_their_names(value: object, names: list[str]) -> None:
    assert list(outputs(value)) == names


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "NoneType"),
        ([{"a": 1}], "`dict`"),
        ({"a": {"b": 1}}, "`dict`"),
        ([1, "a"], "mixes numbers and texts"),
        ([[1], [1, 2]], "differ in length"),
        ([2**63], "too large"),
        (np.array([1j]), "complex128"),
        ([np.zeros(1), np.zeros(2)], "not of one shape"),
        ([torch.zeros(1), torch.zeros(2)], "not of one shape"),
        (pd.DataFrame({"a": ["x", None]}), "misses values"),
    ],
)
def test_what_is_no_tensor_is_told_by_its_place(value: object, why: str) -> None:
    with pytest.raises(ServiceError, match=why):
        OutputSpec().encode(value, REQUEST)


def test_an_array_is_of_the_dtype_that_is_declared() -> None:
    payload = OutputSpec(npt.NDArray[np.float32]).encode(np.array([1.5]), REQUEST)
    assert head_of(payload)["outputs"][0]["datatype"] == "FP32"
