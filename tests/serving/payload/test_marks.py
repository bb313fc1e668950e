"""`Shape`, `DType`, `DataframeSchema` and `ContentType`: what they ask of values, both ways, in words."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.npy import NPY, write_array
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import JSON, Payload
from ekiben.validators import ContentType, DataframeSchema, DType, Shape
from tests.serving.payload.conftest import Form

Array = np.ndarray[Any, Any]


def read(annotation: object, body: bytes, content_type: str = JSON) -> Any:
    """The value of the only parameter `x`."""
    with RequestFolder() as folder:
        return InputSpec([Parameter("x", annotation)]).decode(Payload(content_type, body), folder)["x"]


def x(text: str) -> bytes:
    return b'{"x": %b}' % text.encode()


@pytest.mark.parametrize(
    ("mark", "text", "shape"),
    [
        (Shape((2, 2)), "[[1, 2], [3, 4]]", (2, 2)),
        (Shape((-1, 2)), "[[1, 2], [3, 4], [5, 6]]", (3, 2)),
        (Shape((1, 4)), "[1, 2, 3, 4]", (1, 4)),
        (Shape((2, -1)), "[1, 2, 3, 4]", (2, 2)),
        (Shape((4,)), "[[1, 2], [3, 4]]", (4,)),
        (Shape((-1, 2)), "[]", (0, 2)),
    ],
)
@pytest.mark.parametrize("kind", [np.ndarray, torch.Tensor])
def test_a_shape_is_held_and_flat_values_are_given_it(kind: type, mark: Shape, text: str, shape: object) -> None:
    assert tuple(read(Annotated[kind, mark], x(text)).shape) == shape


@pytest.mark.parametrize("text", ["[[1, 2, 3, 4]]", "[[1], [2], [3], [4]]", "[1, 2, 3]", "5", "[]"])
@pytest.mark.parametrize("kind", [np.ndarray, torch.Tensor])
def test_another_shape_is_refused_by_name(kind: type, text: str) -> None:
    with pytest.raises(BadInput, match=r"`x`: the shape is \(.*\), and \(2, 2\) is asked for"):
        read(Annotated[kind, Shape((2, 2))], x(text))


def test_an_array_as_a_file_is_held_to_the_same() -> None:
    annotation = Annotated[np.ndarray, Shape((-1, 2)), DType("float32")]
    assert read(annotation, write_array(np.ones((3, 2), "int64")), NPY).dtype == np.float32
    with pytest.raises(BadInput, match="the shape is"):
        read(annotation, write_array(np.ones((3, 3))), NPY)


@given(st.lists(st.integers(0, 3), max_size=4), st.lists(st.integers(-1, 3), max_size=4))
def test_what_a_shape_gives_holds_as_many_values_and_fits_it(shape: list[int], asked: list[int]) -> None:
    try:
        fitted = Shape(tuple(asked)).fit(tuple(shape), "x")
    except BadInput:
        return
    assert np.zeros(shape).reshape(fitted).shape == fitted
    assert all(one in (-1, size) for one, size in zip(asked, fitted, strict=True))


def test_a_dtype_casts_what_it_can_hold_and_refuses_the_rest() -> None:
    assert read(Annotated[np.ndarray, DType("float32")], x("[1, 2]")).dtype == np.float32
    assert read(Annotated[torch.Tensor, DType("int32")], x("[1, 2]")).dtype == torch.int32
    for kind in (np.ndarray, torch.Tensor):
        for text in ("[1.5]", "[300]"):
            with pytest.raises(BadInput, match="`x`: "):
                read(Annotated[kind, DType("int8")], x(text))


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Annotated[np.ndarray, DType("float33")], "`float33` is no dtype of numpy"),
        (Annotated[torch.Tensor, DType("float33")], "`float33` is no dtype of torch"),
        (Annotated[int, Shape((1,))], "`Shape` says nothing of `int`"),
        (Annotated[Path, DType("int8")], "`DType` says nothing of `Path`"),
        (Annotated[np.ndarray, DataframeSchema()], "`DataframeSchema` says nothing of `ndarray`"),
        (Annotated[pd.DataFrame, Shape((1,))], "`Shape` says nothing of `DataFrame`"),
        (Annotated[Image.Image, Shape((1,))], "`Shape` says nothing of `Image`"),
    ],
)
def test_a_mark_that_nobody_could_hold_is_refused_at_declaration(annotation: object, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        InputSpec([Parameter("x", annotation)])
    with pytest.raises(ServiceError, match=reason):
        OutputSpec(annotation)


def test_marks_that_are_none_are_refused_where_they_are_made() -> None:
    with pytest.raises(ServiceError, match="is no shape"):
        Shape((2, -2))
    with pytest.raises(ServiceError, match="is no way to write a frame"):
        DataframeSchema("split")


@pytest.mark.parametrize(
    "text",
    ['[{"b": 2, "a": 1, "c": 3}]', '{"c": [3], "a": [1], "b": [2]}', "[[1, 2]]"],
)
def test_a_frame_has_the_declared_columns_in_order(text: str) -> None:
    frame = read(Annotated[pd.DataFrame, DataframeSchema(columns=["a", "b"])], x(text))
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"a": [1], "b": [2]}))


def test_missing_columns_are_named() -> None:
    annotation = Annotated[pd.DataFrame, DataframeSchema(columns=("a", "b", "c"))]
    with pytest.raises(BadInput, match="`x`: columns are missing: `b`, `c`") as caught:
        read(annotation, x('[{"a": 1}]'))
    assert caught.value.hint == "it has: a"
    with pytest.raises(BadInput, match="do not make a frame"):
        read(annotation, x("[[1, 2]]"))


def test_a_frame_is_written_as_declared() -> None:
    frame = pd.DataFrame({"b": [1, 2], "a": [0.5, None]})
    by_column = OutputSpec(Annotated[pd.DataFrame, DataframeSchema(orient="columns")])
    assert by_column.encode(frame).body == b'{"b":[1,2],"a":[0.5,null]}'
    records = OutputSpec(Annotated[pd.DataFrame, DataframeSchema(columns=["a"])])
    assert records.encode(frame).body == b'[{"a":0.5},{"a":null}]'
    with pytest.raises(ServiceError, match="the result`: columns are missing: `z`"):
        OutputSpec(Annotated[pd.DataFrame, DataframeSchema(columns=["z"])]).encode(frame)


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_a_result_is_held_to_its_marks(make: Any) -> None:
    kind = type(make([1.0]))
    spec = OutputSpec(Annotated[kind, Shape((-1, 2)), DType("float32")])
    assert spec.encode(make([1, 2, 3, 4])).body == b"[[1.0,2.0],[3.0,4.0]]"
    with pytest.raises(ServiceError, match="`the result`: the shape is"):
        spec.encode(make([[1.0]]))
    assert spec.plain_rows(make([[1.0, 2.0]])) is not None


@pytest.mark.parametrize(
    "annotation", [Annotated[Path, ContentType("image/png")], Annotated[Image.Image, ContentType("image/*")]]
)
def test_a_file_is_held_to_its_media_type(annotation: object, form: Form) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (1, 1)).save(picture, "PNG")
    sent = form(("x", "a.png", picture.getvalue()))
    typed = bytes(sent.body).replace(b'a.png"', b'a.png"\r\nContent-Type: audio/wav')
    assert read(annotation, picture.getvalue(), "image/png")
    assert read(annotation, bytes(sent.body), sent.content_type)
    with pytest.raises(BadInput, match=r"`x` is `audio/wav`, and `image/.*` is asked for"):
        read(annotation, typed, sent.content_type)


def test_documents_say_what_is_asked_for() -> None:
    spec = InputSpec(
        [
            Parameter("a", Annotated[np.ndarray, Shape((-1, 2)), DType("float32")]),
            Parameter("f", Annotated[pd.DataFrame, DataframeSchema(columns=["c"])]),
        ]
    )
    properties: Any = spec.json_schema()["properties"]
    assert properties["a"]["x-shape"] == [-1, 2]
    assert properties["a"]["x-dtype"] == "float32"
    assert properties["a"]["items"] == {"type": "array", "items": {}, "minItems": 2, "maxItems": 2}
    assert properties["f"]["anyOf"][0]["items"]["required"] == ["c"]
    file = InputSpec([Parameter("x", Annotated[Path, ContentType("audio/*")])]).json_schema()
    assert file["properties"] == {"x": {"type": "string", "format": "binary", "contentMediaType": "audio/*"}}
