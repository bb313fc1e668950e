"""PIL images as uploads and results."""

import io
import zlib

import pytest
from PIL import Image

from ekiben.errors import BadInput, PayloadTooLarge, ServiceError
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.images import ImageInput, ImageOutput
from ekiben.serving.payload.multipart import Part


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


def test_another_type_than_declared_is_an_error() -> None:
    with pytest.raises(ServiceError, match="a `str` where an image is declared"):
        ImageOutput().encode("x")
