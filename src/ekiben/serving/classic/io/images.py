"""`Image`: an image as a body, or as the one image of a form. Loaded where a service names it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image

from ekiben.errors import ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, refuse_result
from ekiben.serving.payload.files import BINARY, OCTETS
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.images import ANY_IMAGE, ImageInput, ImageOutput
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Payload

_JPEG = "image/jpeg"
_JPEG_MODES = frozenset({"1", "L", "RGB", "CMYK"})  # of PIL, that a JPEG can hold


class Image(IODescriptor):
    """A `PIL.Image.Image`; results may be arrays, too, which `pilmode` says the meaning of.

    Results are written as `mime_type`; requests are of `allowed_mime_types`, or of any type that PIL reads here.
    """

    takes_files = True

    def __init__(
        self,
        pilmode: str | None = "RGB",
        mime_type: str = _JPEG,
        *,
        allowed_mime_types: Iterable[str] | None = None,
    ) -> None:
        if pilmode is not None and pilmode not in PIL.Image.MODES:
            raise ServiceError(f"`{pilmode}` is no mode of an image", hint=f"one of {', '.join(PIL.Image.MODES)}")
        self._pilmode = pilmode
        self.mime_type = mime_type.lower()
        self._input = ImageInput()
        self._output = ImageOutput().named(self.mime_type)
        self._allowed = None if allowed_mime_types is None else tuple(one.lower() for one in allowed_mime_types)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The allowed ones."""
        return self._allowed or (ANY_IMAGE,)

    def accepts(self, media_type: str) -> bool:
        """An allowed type; where none are named, any image and bytes of no named type."""
        if self._allowed is not None:
            return media_type in self._allowed
        return media_type.startswith("image/") or media_type == OCTETS

    def learn(self, sample: Any) -> None:
        """An image, an array, or the path of one, whose type replies get."""
        image = PIL.Image.open(sample) if isinstance(sample, str | Path) else sample
        if image is sample and not isinstance(sample, PIL.Image.Image):
            image = PIL.Image.fromarray(np.asarray(sample))
        if image.format in PIL.Image.MIME:
            self.mime_type = PIL.Image.MIME[image.format]
            self._output = ImageOutput().named(self.mime_type)
        self.sample = image

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The image, its pixels read."""
        return self._input.read_files([part], part.name, folder)

    def read_value(self, value: object, name: str) -> object:
        """The image itself, or that of an array."""
        return self._input.read_value(self._image(value), name)

    def write(self, value: object) -> Payload:
        """The encoded image; what a JPEG cannot hold is converted to `pilmode`."""
        image = self._image(value)
        if not isinstance(image, PIL.Image.Image):
            raise refuse_result(value, "an image or an array")
        if self.mime_type == _JPEG and image.mode not in _JPEG_MODES:
            image = image.convert(self._pilmode if self._pilmode in _JPEG_MODES else "RGB")
        return self._output.encode(image)

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return {**BINARY, "title": "PIL.Image"}

    def _image(self, value: object) -> object:
        if not isinstance(value, np.ndarray):
            return value
        try:
            image = PIL.Image.fromarray(value)
        except (TypeError, ValueError) as error:
            raise ServiceError(f"an array of {value.dtype} and shape {value.shape} is no image: {error}") from error
        return image if self._pilmode in (None, image.mode) or value.ndim < 3 else image.convert(self._pilmode)
