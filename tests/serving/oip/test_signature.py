"""What an API is as a model: told by its annotations, and what they leave open is open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from pydantic import BaseModel

from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.marks import DataframeSchema, DType, Shape
from ekiben.serving.payload.output import OutputSpec


class Row(BaseModel):
    a: int


class Found(BaseModel):
    label: list[str]
    score: list[list[float]]


LABELLED = Annotated[pd.DataFrame, DataframeSchema(columns=["a", "b"])]


def inputs(**annotations: object) -> Mapping[str, tuple[str, tuple[int, ...]]] | None:
    specs = InputSpec([Parameter(name, one) for name, one in annotations.items()]).tensors
    return None if specs is None else {one.name: (one.datatype, one.shape) for spec in specs for one in spec.parts}


def outputs(annotation: object) -> Mapping[str, tuple[str, tuple[int, ...]]] | None:
    specs = OutputSpec(annotation).tensors
    return None if specs is None else {one.name: (one.datatype, one.shape) for spec in specs for one in spec.parts}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (np.ndarray, ("UNKNOWN", (-1,))),
        (npt.NDArray[np.float32], ("FP32", (-1,))),
        (torch.Tensor, ("UNKNOWN", (-1,))),
        (pd.Series, ("UNKNOWN", (-1,))),
        (list[float], ("FP64", (-1,))),
        (list[list[int]], ("INT64", (-1, -1))),
        (list[str], ("BYTES", (-1,))),
        (list[bytes], ("BYTES", (-1,))),
        (list[bool], ("BOOL", (-1,))),
        (list[Any], ("UNKNOWN", (-1,))),
        (float, ("FP64", (1,))),
        (Annotated[np.ndarray, Shape((-1, 4)), DType("float32")], ("FP32", (-1, 4))),
        (npt.NDArray[np.int8] | None, ("INT8", (-1,))),
    ],
)
def test_a_parameter_is_a_tensor(annotation: object, expected: tuple[str, tuple[int, ...]]) -> None:
    assert inputs(x=annotation) == {"x": expected}


def test_a_frame_is_its_columns_as_far_as_they_are_known() -> None:
    assert inputs(x=pd.DataFrame) == {}
    assert inputs(x=LABELLED, y=float) == {"a": ("UNKNOWN", (-1,)), "b": ("UNKNOWN", (-1,)), "y": ("FP64", (1,))}


@pytest.mark.parametrize("annotation", [Row, list[Row], dict[str, int], Path, int | str, Any])
def test_an_api_with_another_parameter_is_no_model(annotation: object) -> None:
    assert inputs(x=np.ndarray, y=annotation) is None


def test_an_api_without_parameters_is_no_model() -> None:
    assert inputs() is None


def test_a_whole_body_is_a_tensor_too() -> None:
    specs = InputSpec([Parameter("x", list[float])], is_root=True).tensors
    assert specs is not None
    assert [(one.name, one.form) for one in specs] == [("x", "list")]


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (np.ndarray, {"output-0": ("UNKNOWN", (-1,))}),
        (npt.NDArray[np.float32], {"output-0": ("FP32", (-1,))}),
        (list[list[float]], {"output-0": ("FP64", (-1, -1))}),
        (tuple[list[int], list[str]], {"output-0": ("INT64", (-1,)), "output-1": ("BYTES", (-1,))}),
        (Found, {"label": ("BYTES", (-1,)), "score": ("FP64", (-1, -1))}),
        (dict[str, np.ndarray], {}),
        (dict[str, list[float]], {}),
        (pd.DataFrame, {}),
        (LABELLED, {"a": ("UNKNOWN", (-1,)), "b": ("UNKNOWN", (-1,))}),
        (Any, {}),
    ],
)
def test_a_result_is_tensors_whose_names_may_be_open(annotation: object, expected: object) -> None:
    assert outputs(annotation) == expected


@pytest.mark.parametrize("annotation", [Row | None, list[Row], dict[str, dict[str, int]], Path, None])
def test_a_result_of_another_kind_is_no_tensor(annotation: object) -> None:
    assert outputs(annotation) is None
