"""`File`: a file as a body, or as the one file of a form, given to the API as an open binary file."""

from __future__ import annotations

import io
import mimetypes
from pathlib import Path
from typing import Any

from ekiben.errors import ServiceError
from ekiben.serving.classic.io.descriptor import IODescriptor, refuse_result
from ekiben.serving.payload.files import BINARY, OCTETS, safe_name
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Payload

_KIND = "binaryio"
_ANY = "*/*"


class UploadedFile(io.BytesIO):
    """What was sent, open for reading; `name` is as much of the client's name for it as is safe."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


class File(IODescriptor):
    """A file of `mime_type`, or of any type. `kind` is `binaryio`, the one kind that there is."""

    takes_files = True

    def __init__(self, kind: str = _KIND, mime_type: str | None = None) -> None:
        if kind != _KIND:
            raise ServiceError(f"`{kind}` is no kind of a file", hint="`binaryio`: decode its content for text")
        self._asked = mime_type
        self.mime_type = mime_type or OCTETS

    @property
    def media_types(self) -> tuple[str, ...]:
        """The declared one."""
        return (self._asked or _ANY,)

    def accepts(self, media_type: str) -> bool:
        """The declared type; any where none is."""
        return self._asked is None or media_type == self._asked.lower()

    def learn(self, sample: Any) -> None:
        """A file's path, whose suffix tells the type, or its content."""
        if isinstance(sample, str | Path):
            self.mime_type = self._asked = self._asked or mimetypes.guess_type(str(sample))[0] or OCTETS
            sample = Path(sample).read_bytes()
        self.sample = sample

    def read(self, part: Part, folder: RequestFolder) -> object:
        """The file, open."""
        return UploadedFile(bytes(part.content), safe_name(part.file_name))

    def read_value(self, value: object, name: str) -> object:
        """The file, open, of a path that came along, or of bytes."""
        if isinstance(value, Path):
            return UploadedFile(value.read_bytes(), value.name)
        return UploadedFile(value, name) if isinstance(value, bytes) else value

    def write(self, value: object) -> Payload:
        """The content of bytes, of a path, or of an open file."""
        content = value.read_bytes() if isinstance(value, Path) else value
        if hasattr(content, "read"):
            content = content.read()
        if not isinstance(content, bytes | bytearray | memoryview):
            raise refuse_result(value, "a file or bytes")
        return Payload(self.mime_type, bytes(content))

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return dict(BINARY)
