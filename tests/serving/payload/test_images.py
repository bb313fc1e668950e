"""PIL images as uploads and results."""

import io
import zlib

import pytest
from PIL import Image

from ekiben.errors import BadInput, PayloadTooLarge, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.images import ImageInput, ImageOutput
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.multipart import Part
from tests.serving.payload.conftest import Form


def encoded(image_format: str, size: tuple[int, int] = (3, 2)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, "red").save(stream, format=image_format)
    return stream.getvalue()


def read(content: bytes, folder: RequestFolder) -> Image.Image:
    image = ImageInput().read_files([Part("photo", "x", "", content)], "photo", folder)
    assert isinstance(image, Image.Image)
    return image


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_images_are_read_whole_and_written_in_their_format(image_format: str, folder: RequestFolder) -> None:
    image = read(encoded(image_format), folder)
    assert image.size == (3, 2)
    payload = ImageOutput().encode(image)
    assert payload.content_type == Image.MIME[image_format]
    assert Image.open(io.BytesIO(payload.body)).size == (3, 2)


def test_an_image_that_the_service_made_is_sent_as_png() -> None:
    assert ImageOutput().encode(Image.new("RGBA", (1, 1))).content_type == "image/png"


@pytest.mark.parametrize(
    "content", [b"", b"hello", encoded("PNG")[:40], encoded("JPEG")[:30], b"%!PS-Adobe-3.0 EPSF-3.0"]
)
def test_what_is_no_whole_image_is_refused(content: bytes, folder: RequestFolder) -> None:
    with pytest.raises(BadInput, match="`photo`"):
        read(content, folder)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_unpacked(folder: RequestFolder) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (60_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(PayloadTooLarge):
        read(bomb, folder)


def test_images_of_one_request_have_one_budget_and_those_of_others_their_own(
    folder: RequestFolder, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # PIL's own setting, and the service's to change
    spec = InputSpec([Parameter("photos", list[Image.Image])])
    three, four = (form(*[("photos", "x.png", encoded("PNG", (10, 3)))] * count) for count in (3, 4))
    for _ in range(2):
        images = spec.decode(three, folder)["photos"]
        assert isinstance(images, list)
        assert len(images) == 3
    with pytest.raises(PayloadTooLarge, match="`photos`: the images of this request"):
        spec.decode(four, folder)


def test_the_budget_is_of_memory_and_not_of_pixels(
    folder: RequestFolder, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    stream = io.BytesIO()
    Image.new("L", (10, 10)).save(stream, format="PNG")
    spec = InputSpec([Parameter("photos", list[Image.Image])])
    images = spec.decode(form(*[("photos", "x.png", stream.getvalue())] * 4), folder)["photos"]
    assert isinstance(images, list)
    assert len(images) == 4


def test_another_type_than_declared_is_an_error() -> None:
    with pytest.raises(ServiceError, match="a `str` where an image is declared"):
        ImageOutput().encode("x")
