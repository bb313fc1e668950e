"""`OutputSpec`: results become bodies."""

import io
from pathlib import Path
from typing import Annotated

import numpy as np
import pytest
from PIL import Image

from ekiben.errors import ServiceError
from ekiben.serving.payload.marks import ContentType
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import JSON, Payload


def test_an_unannotated_result_is_json_by_what_it_is() -> None:
    assert OutputSpec().encode({"a": np.array([1])}) == Payload(JSON, b'{"a":[1]}')
    assert (OutputSpec().media_type, OutputSpec().json_schema()) == (JSON, {})


def test_a_value_of_another_type_than_annotated_is_still_written() -> None:
    assert OutputSpec(np.ndarray).encode([1, 2]) == Payload(JSON, b"[1,2]")


def test_a_declared_file_is_sent_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hello")
    assert OutputSpec(Path).encode(path) == Payload("text/plain", b"hello")
    assert OutputSpec(Path).json_schema() == {"type": "string", "format": "binary", "title": "pathlib.Path"}


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (Annotated[str, ContentType("text/html")], "<p>", Payload("text/html", b"<p>")),
        (Annotated[bytes, ContentType("audio/wav")], b"RIFF", Payload("audio/wav", b"RIFF")),
        (Annotated[list[int], ContentType("application/x+json")], [1], Payload("application/x+json", b"[1]")),
        (Annotated[np.ndarray, ContentType("text/json")], np.array([1]), Payload("text/json", b"[1]")),
    ],
)
def test_a_declared_media_type_is_the_replys(annotation: object, value: object, expected: Payload) -> None:
    assert OutputSpec(annotation).encode(value) == expected
    assert OutputSpec(annotation).media_type == expected.content_type


def test_a_declared_media_type_goes_before_a_files_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("hello")
    assert OutputSpec(Annotated[Path, ContentType("audio/mpeg")]).encode(path) == Payload("audio/mpeg", b"hello")


def test_an_image_is_written_in_the_declared_format() -> None:
    payload = OutputSpec(Annotated[Image.Image, ContentType("image/jpeg")]).encode(Image.new("RGB", (2, 2)))
    assert payload.content_type == "image/jpeg"
    assert Image.open(io.BytesIO(payload.body)).format == "JPEG"
    with pytest.raises(ServiceError, match="no image is written as `image/heic`"):
        OutputSpec(Annotated[Image.Image, ContentType("image/heic")])


def test_an_array_can_be_declared_to_be_a_file_of_numpys() -> None:
    payload = OutputSpec(Annotated[np.ndarray, ContentType("application/x-npy")]).encode([1.5])
    assert np.load(io.BytesIO(payload.body)).tolist() == [1.5]


def test_what_is_no_text_is_refused_where_text_is_declared() -> None:
    with pytest.raises(ServiceError, match="a `dict` cannot be sent as `text/html`"):
        OutputSpec(Annotated[str, ContentType("text/html")]).encode({})
