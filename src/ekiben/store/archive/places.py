"""`Place`: where an archive is or goes: a path on this machine, or a URL. How it is opened, and what it is called.

`file://` URLs are paths. A URL with a password is refused: it would stand in the shell's history and in error messages.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from ekiben.errors import PathNotFound, UsageError
from ekiben.store.archive.compression import Sink
from ekiben.store.archive.entry import CHUNK_BYTES, Stream
from ekiben.store.archive.formats import OWN_FORMAT, ArchiveFormat, ItemKind, format_of_name
from ekiben.store.archive.new_file import new_file
from ekiben.store.archive.remote_files import create_remote, open_remote
from ekiben.store.disk import disk_errors
from ekiben.tag import Tag

ANOTHER_PLACE = "name another place for the archive, or make it one that can be written"
_SHORT_FILE_URL = re.compile(r"^file:/(?!/)", re.IGNORECASE)  # RFC 8089, appendix B; the host may be `localhost`
_LOCAL = ("file", "osfs")  # osfs is PyFilesystem's word for it, which BentoML took before fsspec


@dataclass(frozen=True, slots=True)
class Place:
    """Exactly one of `path` and `url`; `options` are the backend's (credentials, endpoints) and never shown.

    `is_folder` tells that the text named a folder by a `/` at its end.
    """

    path: Path | None = None
    url: str = ""
    options: Mapping[str, object] = field(default_factory=dict, repr=False)
    is_folder: bool = False

    @classmethod
    def parse(cls, text: str, options: Mapping[str, object] | None = None) -> Place:
        """The place that `text` names. Raises UsageError for a URL with a password."""
        text = _SHORT_FILE_URL.sub("file:///", text)
        if "://" not in text:
            return cls(path=Path(text).expanduser(), is_folder=text.endswith("/"))
        parts = urlsplit(text)
        if parts.password:
            raise UsageError(
                f"the URL of `{parts.hostname}` holds a password",
                hint="leave it out; backends read credentials from their own settings and variables",
            )
        if parts.scheme in _LOCAL:
            host = "" if parts.netloc == "localhost" else parts.netloc
            return cls(path=Path(unquote(host + parts.path)), is_folder=text.endswith("/"))
        return cls(url=text, options=dict(options or {}), is_folder=text.endswith("/"))

    @property
    def file_name(self) -> str:
        """The last part, for messages and the receipt."""
        return self.path.name if self.path else urlsplit(self.url).path.rpartition("/")[2]

    def __str__(self) -> str:
        return str(self.path) if self.path else self.url


def destination(place: Place, tag: Tag, kind: ItemKind, form: ArchiveFormat | None) -> tuple[Place, ArchiveFormat]:
    """The file (or folder) that an export to `place` makes, and its form.

    A folder that exists, or a text that ends in `/`, gets a file named after the tag; a name without a known suffix
    gets the item's own. Raises UsageError for a folder at a URL, or one that exists, and for a device or a pipe: a file
    would take its place.
    """
    if form is ArchiveFormat.folder:
        return _folder_destination(place), form
    text = str(place)
    suffix = kind.suffix if form is None else _suffix_of(form)
    if place.is_folder or (place.path and place.path.is_dir()):
        return _named(place, f"{text.rstrip('/')}/{tag.name}-{tag.version}{suffix}"), form or OWN_FORMAT
    if place.path and place.path.exists() and not place.path.is_file():
        raise UsageError(f"`{place.path}` is no file that could be written anew", hint="name a file, or a folder")
    wanted = form or format_of_name(place.file_name)
    return (place, wanted) if wanted else (_named(place, f"{text}{suffix}"), OWN_FORMAT)


@contextmanager
def reading(place: Place) -> Iterator[BinaryIO]:
    """The file at `place`. Raises PathNotFound, StoreError, RemoteError."""
    if place.path is None:
        with open_remote(place.url, place.options) as stream:
            yield stream
        return
    try:
        stream = place.path.open("rb")
    except FileNotFoundError as error:
        raise PathNotFound(f"`{place.path}` does not exist") from error
    with stream:
        yield stream


@contextmanager
def writing(place: Place) -> Iterator[Sink]:
    """A new file at `place`, which appears when the block ends. Raises StoreError, RemoteError."""
    if place.path is None:
        with create_remote(place.url, place.options) as stream:
            yield stream
        return
    with disk_errors(place.path, ANOTHER_PLACE), new_file(place.path.absolute()) as stream:
        yield stream


@contextmanager
def seekable(place: Place, file: BinaryIO, stream: Stream, scratch: Path) -> Iterator[BinaryIO]:
    """`file`, open at `place`, to be read in any order; a copy of its `stream` where that comes over a network."""
    if place.path:
        yield file
        return
    with (scratch / "archive").open("w+b") as copy:
        while chunk := stream.read(CHUNK_BYTES):
            copy.write(chunk)
        copy.seek(0)
        yield copy


def _folder_destination(place: Place) -> Place:
    if place.path is None:
        raise UsageError("a folder cannot be exported to a URL", hint="name a file: `.tar`, `.tar.gz`, `.zip`, ...")
    if os.path.lexists(place.path):
        raise UsageError(f"`{place.path}` exists already", hint="name a folder that does not")
    return place


def _suffix_of(form: ArchiveFormat) -> str:
    is_plain = form in (ArchiveFormat.tar, ArchiveFormat.zip)
    return f".{form}" if is_plain else f".tar.{form}"


def _named(place: Place, text: str) -> Place:
    return Place(path=Path(text)) if place.path else Place(url=text, options=place.options)
