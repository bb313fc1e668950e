"""PIL images: pixels as they are where the mode says all, a PNG for those with a palette."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import cast

from PIL import Image

from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.values import Buffers

_RAW_MODES = frozenset({"1", "L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "I", "I;16", "F"})
_ENCODED = "png"


def write(value: object, buffers: Buffers) -> Sequence[object] | None:
    """Height and width, mode, the format that it was read in, index of the buffer."""
    if not isinstance(value, Image.Image):
        return None
    shape = (value.height, value.width)
    if value.mode in _RAW_MODES:
        return (shape, value.mode, value.format, buffers.add(value.tobytes()))
    stream = io.BytesIO()
    value.save(stream, format=_ENCODED)
    return (shape, _ENCODED, value.format, buffers.add(stream.getvalue()))


def read(data: Sequence[object], buffers: Buffers, _: RequestFolder | None) -> object:
    """The image."""
    (height, width), mode, image_format, index = cast("tuple[tuple[int, int], str, str | None, int]", tuple(data))
    image: Image.Image
    if mode == _ENCODED:
        image = Image.open(io.BytesIO(buffers[index]), formats=("PNG",))
        image.load()
    elif mode in _RAW_MODES:
        image = Image.frombytes(mode, (width, height), bytes(buffers[index]))
    else:
        raise ValueError("an image says no mode that is read")
    image.format = image_format
    return image
