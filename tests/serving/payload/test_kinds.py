"""Which codec reads or writes which annotation."""

import collections.abc
from pathlib import Path
from typing import Annotated, Any, Optional

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image

from ekiben.errors import BadInput
from ekiben.serving.payload.arrays import ArrayInput, ArrayOutput
from ekiben.serving.payload.codec import FileCodec, ValueCodec
from ekiben.serving.payload.files import FileInput, FileList, FileOutput
from ekiben.serving.payload.frames import FrameInput, SeriesInput
from ekiben.serving.payload.images import ImageInput, ImageOutput
from ekiben.serving.payload.json_values import JsonInput, JsonOutput
from ekiben.serving.payload.kinds import OptionalValue, input_codec, is_batch_type, joins_along, output_codec


@pytest.mark.parametrize(
    ("annotation", "codec"),
    [
        (int, JsonInput),
        (Any, JsonInput),
        (int | None, JsonInput),
        (Path, FileInput),
        (Path | None, FileInput),
        (list[Path], FileList),
        (list[Image.Image], FileList),
        (Image.Image, ImageInput),
        (Annotated[Image.Image, "image/png"], ImageInput),
        (np.ndarray, ArrayInput),
        (npt.NDArray[np.float32], ArrayInput),
        (Annotated[np.ndarray[Any, Any], "shape"], ArrayInput),
        (Optional[np.ndarray], OptionalValue),  # noqa: UP045
        (pd.DataFrame, FrameInput),
        (pd.Series, SeriesInput),
    ],
)
def test_each_annotation_has_its_reader(annotation: object, codec: type) -> None:
    assert type(input_codec(annotation)) is codec


@pytest.mark.parametrize(
    ("annotation", "codec"),
    [
        (Any, JsonOutput),
        (list[int], JsonOutput),
        (np.ndarray, ArrayOutput),
        (pd.DataFrame, JsonOutput),
        (Path, FileOutput),
        (Image.Image, ImageOutput),
    ],
)
def test_each_annotation_has_its_writer(annotation: object, codec: type) -> None:
    assert type(output_codec(annotation)) is codec


def test_a_codec_reads_json_or_files_never_both() -> None:
    for annotation in (int, np.ndarray, pd.DataFrame, pd.Series, np.ndarray | None, Path, list[Path], Image.Image):
        codec = input_codec(annotation)
        assert isinstance(codec, ValueCodec) != isinstance(codec, FileCodec)


def test_an_optional_array_is_an_array_or_none() -> None:
    codec = input_codec(np.ndarray | None)
    assert isinstance(codec, OptionalValue)
    assert codec.read_json(b" null ", "x") is None
    assert np.array_equal(np.asarray(codec.read_json(b"[1]", "x")), [1])
    with pytest.raises(BadInput):
        codec.read_json(b"[[1], 2]", "x")


@pytest.mark.parametrize(
    "annotation",
    [list, list[int], collections.abc.Sequence[str], np.ndarray, npt.NDArray[np.float32], pd.DataFrame, pd.Series],
)
def test_lists_and_arrays_are_batches(annotation: object) -> None:
    assert is_batch_type(annotation)
    assert joins_along(annotation, 0)


@pytest.mark.parametrize("annotation", [int, str, dict[str, int], set[int], tuple[int, int], Any, np.float64, None])
def test_other_types_are_not(annotation: object) -> None:
    assert not is_batch_type(annotation)


def test_only_arrays_have_further_dimensions() -> None:
    assert joins_along(np.ndarray, 2)
    assert not joins_along(list[int], 1)
    assert not joins_along(pd.DataFrame, 1)
