"""PIL images as uploads and results. Loaded only where a service names PIL.

Only raster formats are read (PIL would start Ghostscript for PostScript), whole and at once, so that a broken image is
a 400 and not an error in the middle of the service. An image of more pixels than PIL's own limit is refused, and so are
images of one request that together take more memory than one image may; headers tell, before anything is unpacked.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence

from PIL import Image, UnidentifiedImageError

from ekiben.errors import BadInput, PayloadTooLarge, ServiceError
from ekiben.serving.payload.files import BINARY, OCTETS, binary_schema, check_media_type, only
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.marks import NO_MARKS, Marks
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Payload

ANY_IMAGE = "image/*"
READ_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_DEFAULT_FORMAT = "PNG"  # lossless, and takes every mode that services return
_PIXEL_BYTES = 4  # what PIL keeps of a pixel in memory, but for these modes
_SMALL_PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error)  # what PIL's readers raise on damaged data


def input_codec(annotation: object, marks: Marks = NO_MARKS) -> ImageInput | None:
    """The codec of `PIL.Image.Image`; None for other types of PIL."""
    if annotation is not Image.Image:
        return None
    marks.check_only(annotation, "content_type")
    return ImageInput(marks)


def output_codec(annotation: object, marks: Marks = NO_MARKS) -> ImageOutput | None:
    """The codec of a result annotated `PIL.Image.Image`; None for other types of PIL."""
    if annotation is not Image.Image:
        return None
    marks.check_only(annotation, "content_type")
    return ImageOutput()


class ImageInput:
    """One parameter that is one image."""

    def __init__(self, marks: Marks = NO_MARKS) -> None:
        self._marks = marks
        self.raw_media_type = ANY_IMAGE if marks.content_type is None else marks.content_type.content_type

    def accepts(self, media_type: str) -> bool:
        """Any image type or those that are asked for, and bytes of no named type."""
        is_image = media_type.startswith("image/") or media_type == OCTETS
        return is_image and self._marks.takes_media_type(media_type)

    def read_files(self, files: Sequence[Part], name: str, folder: RequestFolder) -> object:
        """The image, its pixels read."""
        part = only(files, name)
        check_media_type(part, name, self._marks)
        try:
            image = Image.open(io.BytesIO(part.content), formats=READ_FORMATS)
            if Image.MAX_IMAGE_PIXELS is not None and image.width * image.height > Image.MAX_IMAGE_PIXELS:
                raise PayloadTooLarge(f"`{name}`: {image.width} x {image.height} pixels are too many")
            _charge(image, part, name)
            image.load()
        except Image.DecompressionBombError as error:
            raise PayloadTooLarge(f"`{name}`: the image has too many pixels") from error
        except UnidentifiedImageError as error:
            raise BadInput(f"`{name}` is no image", hint=f"formats: {', '.join(READ_FORMATS)}") from error
        except _BROKEN as error:
            raise BadInput(f"`{name}` is a damaged image: {error}") from error
        return image

    def read_value(self, value: object, name: str) -> object:
        """The image itself."""
        if not isinstance(value, Image.Image):
            raise BadInput(f"`{name}` is no image")
        return value

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return binary_schema(self._marks)


def _charge(image: Image.Image, part: Part, name: str) -> None:
    """Adds the image to what its request unpacks to. Raises PayloadTooLarge above what the largest image takes."""
    part.unpacked.size_bytes += image.width * image.height * _SMALL_PIXEL_BYTES.get(image.mode, _PIXEL_BYTES)
    most_pixels = Image.MAX_IMAGE_PIXELS
    if most_pixels is not None and part.unpacked.size_bytes > most_pixels * _PIXEL_BYTES:
        raise PayloadTooLarge(
            f"`{name}`: the images of this request take more than {most_pixels * _PIXEL_BYTES >> 20} MiB when unpacked",
            hint="send fewer or smaller images at once",
        )


class ImageOutput:
    """A result that is an image, sent in the declared format, else in the one it was read in, else as PNG."""

    def __init__(self, declared: str | None = None) -> None:
        self._declared = declared
        self.media_type = ANY_IMAGE if declared is None else Image.MIME[declared]

    def named(self, media_type: str) -> ImageOutput:
        """Images of that type."""
        Image.init()  # PIL knows the media types of the formats that it has loaded
        declared = next((one for one in READ_FORMATS if Image.MIME[one] == media_type.lower()), None)
        if declared is None:
            known = ", ".join(Image.MIME[one] for one in READ_FORMATS)
            raise ServiceError(f"no image is written as `{media_type}`", hint=f"one of {known}")
        return ImageOutput(declared)

    def encode(self, value: object) -> Payload:
        """The encoded image with its media type."""
        if not isinstance(value, Image.Image):
            raise ServiceError(f"the result is a `{type(value).__name__}` where an image is declared")
        image_format = self._declared or (value.format if value.format in READ_FORMATS else _DEFAULT_FORMAT)
        stream = io.BytesIO()
        try:
            value.save(stream, format=image_format)
        except (OSError, ValueError) as error:
            raise ServiceError(f"the image cannot be written as {image_format}: {error}") from error
        return Payload(Image.MIME[image_format], stream.getvalue())

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return {**BINARY, "title": "PIL.Image"}
