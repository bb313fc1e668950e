"""`Upload`: a file that goes along with a call, from whatever it was given as.

Path, or text that is no URL       the file there
text that is a URL                 what the URL gives, fetched by the client: servers open no URLs
bytes                              themselves
an open binary file                what it still has
a PIL image                        itself, in the format that it was read in, else as PNG
"""

from __future__ import annotations

import io
import mimetypes
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Protocol, runtime_checkable

from ekiben.clients.endpoints import Types
from ekiben.errors import PathNotFound, UsageError

OCTETS = "application/octet-stream"
_URLS = ("http://", "https://")
_IMAGE_FORMAT = "PNG"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file's name, content and media type."""

    name: str
    content: bytes
    media_type: str = OCTETS


@runtime_checkable
class Readable(Protocol):
    """An open file."""

    def read(self) -> bytes:
        """What it still has."""


def is_file(types: Types) -> bool:
    """Whether a parameter of these types is a file, or a list of files."""
    items = types.get("items")
    is_list = types.get("type") == "array" and isinstance(items, Mapping) and items.get("type") == "file"
    return types.get("type") == "file" or is_list


def urls_among(values: Iterable[object]) -> list[str]:
    """The URLs that stand for files."""
    found: list[str] = []
    for value in values:
        if isinstance(value, list | tuple):
            found += urls_among(value)
        elif _is_url(value):
            found.append(str(value))
    return found


def upload_of(value: object, fetched: Mapping[str, Upload]) -> Upload:
    """The file that is meant; what URLs give is in `fetched`. Raises PathNotFound, UsageError."""
    if _is_url(value):
        return fetched[str(value)]
    if isinstance(value, str | PurePath):
        return _of_path(Path(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return Upload("upload", bytes(value))
    if type(value).__module__.startswith("PIL."):
        return _of_image(value)
    if isinstance(value, Readable):
        name = Path(str(getattr(value, "name", "upload"))).name
        return Upload(name, value.read(), _media_type(name))
    raise UsageError(
        f"a `{type(value).__name__}` is no file", hint="give a path, a URL, bytes, an open file or a PIL image"
    )


def upload_from_url(url: str, content: bytes, media_type: str) -> Upload:
    """What `url` gave."""
    name = Path(url.partition("?")[0]).name or "upload"
    return Upload(name, content, media_type or _media_type(name))


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.lower().startswith(_URLS)


def _of_path(path: Path) -> Upload:
    try:
        return Upload(path.name, path.read_bytes(), _media_type(path.name))
    except OSError as error:
        raise PathNotFound(f"the file `{path}` cannot be read: {(error.strerror or str(error)).lower()}") from error


def _of_image(image: Any) -> Upload:
    image_format = image.format or _IMAGE_FORMAT
    stream = io.BytesIO()
    image.save(stream, format=image_format)
    return Upload(f"image.{image_format.lower()}", stream.getvalue(), f"image/{image_format.lower()}")


def _media_type(name: str) -> str:
    guessed, encoding = mimetypes.guess_type(name)
    return guessed if guessed and not encoding else OCTETS
