"""What clients are told of the values of an API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
import torch
from PIL import Image
from pydantic import BaseModel

from ekiben.serving.client_types import input_types, output_types
from ekiben.serving.payload.input import REQUIRED, InputSpec, Parameter
from ekiben.serving.payload.marks import ContentType
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.stream import StreamSpec

ARRAY = {"type": "tensor", "format": "numpy-array"}
FRAME = {"type": "dataframe", "orient": "records"}
FILE = {"type": "file", "format": "binary"}


class Point(BaseModel):
    x: float
    next: Point | None = None


def input_of(annotation: object, default: object = REQUIRED) -> Any:
    """What is said of one parameter."""
    properties: Any = input_types(InputSpec([Parameter("it", annotation, default)]))["properties"]
    return properties["it"]


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (np.ndarray, ARRAY),
        (npt.NDArray[np.float32], {**ARRAY, "dtype": "float32"}),
        (npt.NDArray[np.float32] | None, {**ARRAY, "dtype": "float32"}),
        (torch.Tensor, {"type": "tensor", "format": "torch-tensor"}),
        (pd.DataFrame, FRAME),
        (pd.DataFrame | None, FRAME),
        (Path, FILE),
        (Image.Image, FILE),
        (list[Path], {"type": "array", "items": FILE}),
    ],
)
def test_arrays_frames_and_files_are_called_by_name(annotation: object, said: object) -> None:
    assert input_of(annotation) == said


def test_all_else_is_json_schema_with_its_models_in_place() -> None:
    assert input_of(int, 3) == {"type": "integer", "default": 3}
    point = input_of(list[Point])["items"]
    assert (point["type"], list(point["properties"])) == ("object", ["x", "next"])


def test_a_root_input_says_that_it_is_one() -> None:
    said = input_types(InputSpec([Parameter("body", npt.NDArray[np.int8])], is_root=True))
    assert said == {**ARRAY, "dtype": "int8", "root_input": True}


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (np.ndarray, ARRAY),
        (pd.DataFrame, FRAME),
        (Path, FILE),
        (Image.Image, {"type": "file", "format": "image", "pil": True}),
        (Annotated[bytes, ContentType("image/png")], {"type": "string", "format": "binary"}),
        (Annotated[str, ContentType("text/plain")], {"type": "string"}),
        (str, {"anyOf": [{"type": "string"}]}),
        (int, {"type": "integer"}),
    ],
)
def test_results_are_called_so_too_and_a_string_only_where_it_is_the_body(annotation: object, said: object) -> None:
    types = output_types(OutputSpec(annotation))
    media_type = types.pop("media_type")
    assert types.pop("x-content-type") == media_type
    assert types == said


def test_a_stream_says_that_it_is_one() -> None:
    types = output_types(StreamSpec(Iterator[str]))
    assert (types["is_stream"], types["type"]) == (True, "string")
