"""`Image`, `File` and `Multipart`: what comes in forms, and goes in them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ekiben.errors import BadInput, ServiceError, UnsupportedMediaType
from ekiben.io import JSON, File, Image, Multipart, NumpyNdarray, Text
from ekiben.serving.classic.io.files import UploadedFile
from ekiben.serving.classic.specs import DescriptorInput, DescriptorOutput, PartsInput
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import parse_multipart
from ekiben.serving.wire import Payload
from tests.serving.classic.requests import as_form, read, read_form, read_sent, written


def encoded(image_format: str = "PNG", mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    PIL.Image.new(mode, (3, 2)).save(stream, format=image_format)
    return stream.getvalue()


def size_of(image: object) -> tuple[int, int]:
    assert isinstance(image, PIL.Image.Image)
    return image.size


def test_an_image_is_a_body_or_the_image_of_a_form() -> None:
    assert size_of(read(Image(), encoded(), "image/png")) == (3, 2)
    form = as_form(("note", None, "", b"x"), ("any", "a.png", "image/png", encoded()))
    assert size_of(read(Image(), bytes(form.body), form.content_type)) == (3, 2)


@pytest.mark.parametrize(
    ("descriptor", "body", "media_type"),
    [
        (Image(), b"no image", "image/png"),
        (Image(), encoded(), "text/plain"),
        (Image(allowed_mime_types=["image/jpeg"]), encoded(), "image/png"),
        (File(mime_type="application/pdf"), b"x", "text/plain"),
    ],
)
def test_a_body_of_another_type_is_a_400(descriptor: Image | File, body: bytes, media_type: str) -> None:
    with pytest.raises(BadInput, match="`value`") as caught:
        read(descriptor, body, media_type)
    assert caught.value.http_status == 400


def test_a_form_without_a_file_that_fits_is_a_400() -> None:
    for form in (as_form(("a", None, "", b"x")), as_form(("a", "a.txt", "text/plain", b"x"))):
        with pytest.raises(BadInput, match="`value`"):
            read(Image(), bytes(form.body), form.content_type)


@pytest.mark.parametrize("value", [np.zeros((2, 3, 3), np.uint8), np.zeros((2, 3, 4), np.uint8), encoded(mode="RGBA")])
def test_arrays_and_images_with_an_alpha_channel_become_jpegs(value: object) -> None:
    image = PIL.Image.open(io.BytesIO(value)) if isinstance(value, bytes) else value
    again = PIL.Image.open(io.BytesIO(written(Image(), image)))
    assert (again.format, again.size, again.mode) == ("JPEG", (3, 2), "RGB")


def test_the_declared_type_is_what_is_written() -> None:
    assert PIL.Image.open(io.BytesIO(written(Image(mime_type="image/png"), PIL.Image.new("L", (1, 1))))).format == "PNG"
    with pytest.raises(ServiceError, match="`str`"):
        written(Image(), "x")


@pytest.mark.parametrize("options", [{"pilmode": "RGBX9"}, {"mime_type": "image/nothing"}])
def test_options_of_an_image_that_cannot_be_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(ServiceError):
        Image(**options)


def test_a_file_is_given_open_with_its_name() -> None:
    uploaded = read(File(), b"content", "application/pdf")
    assert isinstance(uploaded, UploadedFile)
    assert uploaded.read() == b"content"
    form = as_form(("any", "../a b.txt", "text/plain", b"x"))
    uploaded = read(File(), bytes(form.body), form.content_type)
    assert isinstance(uploaded, UploadedFile)
    assert (uploaded.name, uploaded.read()) == ("a b.txt", b"x")


def test_files_are_written_from_whatever_holds_one(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    for value in (b"abc", io.BytesIO(b"abc"), path):
        payload = DescriptorOutput(File(mime_type="text/csv")).encode(value)
        assert (payload.content_type, payload.body) == ("text/csv", b"abc")
    sent = read_sent(File(), path)
    assert isinstance(sent, UploadedFile)
    assert sent.read() == b"abc"


def test_the_parts_of_a_form_are_read_each_by_its_descriptor() -> None:
    form = Multipart(photo=Image(), rows=NumpyNdarray(), note=JSON())
    found = read_form(
        form,
        ("photo", "a.png", "image/png", encoded()),
        ("rows", None, "", b"[1, 2]"),
        ("note", None, "application/json", b'{"a": 1}'),
    )
    assert size_of(found["photo"]) == (3, 2)
    assert (str(found["rows"]), found["note"]) == ("[1 2]", {"a": 1})


def test_parts_of_other_names_are_taken_in_their_order_as_bentoml_does() -> None:
    assert read_form(Multipart(a=Text(), b=JSON()), ("x", None, "", b"t"), ("y", None, "", b"1")) == {"a": "t", "b": 1}


def test_a_part_that_is_missing_is_named() -> None:
    with pytest.raises(BadInput, match="`b`"):
        read_form(Multipart(a=Text(), b=Text()), ("a", None, "", b"t"))


def test_a_form_is_nothing_else() -> None:
    with RequestFolder() as folder, pytest.raises(UnsupportedMediaType):
        PartsInput(Multipart(a=Text())).decode(Payload("application/json", b"{}"), folder)


def test_a_form_that_is_written_reads_back() -> None:
    payload = DescriptorOutput(Multipart(photo=Image(), note=JSON())).encode(
        {"photo": PIL.Image.new("RGB", (3, 2)), "note": {"a": 1}}
    )
    parts = {one.name: one for one in parse_multipart(payload)}
    assert (parts["photo"].content_type, parts["note"].content) == ("image/jpeg", b'{"a":1}')
    with pytest.raises(ServiceError, match="a dictionary of `note`"):
        written(Multipart(note=JSON()), {})


def test_forms_in_forms_and_forms_of_nothing_are_refused() -> None:
    with pytest.raises(ServiceError, match="`inner`"):
        Multipart(inner=Multipart(a=Text()))
    with pytest.raises(ServiceError, match="no parts"):
        Multipart()


def test_documents_say_what_a_form_has() -> None:
    spec = PartsInput(Multipart(photo=Image(), note=Text.from_sample("hi")))
    assert spec.media_types == ("multipart/form-data",)
    assert spec.json_schema()["properties"] == {
        "photo": {"type": "string", "format": "binary", "title": "PIL.Image"},
        "note": {"type": "string", "examples": ["hi"]},
    }
    assert DescriptorInput(Image(allowed_mime_types=["image/png"]), "x").media_types == ("image/png",)
