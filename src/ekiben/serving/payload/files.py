"""Files: a `pathlib.Path` parameter is an upload stored in the call's folder, a `Path` result a file sent back.

The client's file name is kept as far as it is safe, because services look at its suffix. A path or URL written where a
file is asked for is refused, never opened.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Sequence
from pathlib import Path

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.payload.codec import FileCodec
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.marks import NO_MARKS, Marks
from ekiben.serving.payload.multipart import Part
from ekiben.serving.payload.schemas import JsonSchema
from ekiben.serving.wire import Body, Payload

OCTETS = "application/octet-stream"
_FORMS = frozenset({"application/json", "multipart/form-data", "application/x-www-form-urlencoded"})
_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")
_MAX_NAME = 100  # characters: below every file system's limit with room for the service's own suffixes
BINARY: JsonSchema = {"type": "string", "format": "binary"}


class FileInput:
    """One parameter that is one uploaded file."""

    def __init__(self, marks: Marks = NO_MARKS) -> None:
        self._marks = marks
        self.raw_media_type = OCTETS if marks.content_type is None else marks.content_type.content_type

    def accepts(self, media_type: str) -> bool:
        """Any media type that is not a way of writing several parameters, or those that are asked for."""
        return media_type not in _FORMS and self._marks.takes_media_type(media_type)

    def read_files(self, files: Sequence[Part], name: str, folder: RequestFolder) -> object:
        """The path of the stored file, in a folder of its own, so that equal names do not meet."""
        part = only(files, name)
        check_media_type(part, name, self._marks)
        return store_file(part.content, part.file_name, name, folder)

    def read_value(self, value: object, name: str) -> object:
        """The path, where the file that came along was stored."""
        if not isinstance(value, Path):
            raise BadInput(f"`{name}` is no file", hint="send a `pathlib.Path`; its content goes along")
        return value

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return binary_schema(self._marks)


class FileList:
    """One parameter that is a list of what another file codec reads: `list[Path]`, `list[Image]`."""

    def __init__(self, item: FileCodec) -> None:
        self._item = item
        self.raw_media_type: str | None = None

    def accepts(self, media_type: str) -> bool:
        """Never: a whole body is one file, not a list."""
        return False

    def read_files(self, files: Sequence[Part], name: str, folder: RequestFolder) -> object:
        """The files in the order of the form."""
        return [self._item.read_files([part], name, folder) for part in files]

    def read_value(self, value: object, name: str) -> object:
        """The list of what the item's codec reads."""
        if not isinstance(value, list):
            raise BadInput(f"`{name}` is no list of files")
        return [self._item.read_value(one, name) for one in value]

    def schema(self) -> JsonSchema:
        """A list of files."""
        return {"type": "array", "items": self._item.schema()}


class FileOutput:
    """A result that is a file of the service's. Its media type is guessed from its suffix, where none is declared."""

    def __init__(self, declared: str | None = None) -> None:
        self._declared = declared
        self.media_type = declared or OCTETS

    def named(self, media_type: str) -> FileOutput:
        """Files of that type, whatever their suffix."""
        return FileOutput(media_type)

    def encode(self, value: object) -> Payload:
        """The file's bytes."""
        if not isinstance(value, Path):
            raise ServiceError(f"the result is a `{type(value).__name__}` where a `Path` is declared")
        guessed, encoding = mimetypes.guess_type(value.name)
        try:
            return Payload(self._declared or (guessed if guessed and not encoding else OCTETS), value.read_bytes())
        except OSError as error:
            raise ServiceError(f"the file that the API returned cannot be read: {error.strerror}") from error

    def schema(self) -> JsonSchema:
        """Binary text, as OpenAPI says a file."""
        return {**BINARY, "title": "pathlib.Path"}


def check_media_type(part: Part, name: str, marks: Marks) -> None:
    """Raises BadInput for an upload that says it is of another type than the parameter's `ContentType`."""
    if marks.content_type is not None and not marks.takes_media_type(part.content_type):
        wanted = marks.content_type.content_type
        raise BadInput(f"`{name}` is `{part.content_type}`, and `{wanted}` is asked for")


def binary_schema(marks: Marks) -> JsonSchema:
    """Binary text, with its media type where one is asked for."""
    named = {} if marks.content_type is None else {"contentMediaType": marks.content_type.content_type}
    return {**BINARY, **named}


def only(files: Sequence[Part], name: str) -> Part:
    """The one file of a parameter that takes one."""
    if len(files) != 1:
        raise BadInput(f"`{name}` is one file, and {len(files)} were sent")
    return files[0]


def store_file(content: Body, file_name: str | None, name: str, folder: RequestFolder) -> Path:
    """The content as a file in a folder of its own, which `name` begins, under as much of `file_name` as is safe."""
    place = folder.path / f"{name}-{len(list(folder.path.iterdir()))}"
    place.mkdir()
    path = place / safe_name(file_name)
    path.write_bytes(content)
    return path


def safe_name(file_name: str | None) -> str:
    """A client's file name without folders, control or shell characters; `upload` where nothing is left."""
    last = re.split(r"[/\\]", file_name or "")[-1]
    cleaned = _UNSAFE.sub("_", last).strip(" .")
    if len(cleaned) > _MAX_NAME:
        suffix = Path(cleaned).suffix[-10:]
        cleaned = cleaned[: _MAX_NAME - len(suffix)] + suffix
    return cleaned or "upload"
