"""From a place to unpacked files: finds out which form the archive has, opens it and lets the extractor at it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ekiben.errors import ArchiveError
from ekiben.report import Reporter
from ekiben.store.archive.compression import CountedStream, decompressed
from ekiben.store.archive.entry import Stream
from ekiben.store.archive.extracting import extract
from ekiben.store.archive.folder_reader import read_folder
from ekiben.store.archive.formats import HEAD_BYTES, KINDS, ArchiveFormat, format_of_bytes, no_item
from ekiben.store.archive.limits import Limits, Meter
from ekiben.store.archive.places import Place, reading, seekable
from ekiben.store.archive.tar_reader import read_tar
from ekiben.store.archive.tree import Tree
from ekiben.store.archive.zip_reader import read_zip


def unpack(place: Place, scratch: Path, *, form: ArchiveFormat | None, limits: Limits, reporter: Reporter) -> Tree:
    """The files of the archive at `place`, unpacked below `scratch`; `form` only refuses another.

    Raises ArchiveError, PathNotFound, RemoteError, OSError.
    """
    folder = scratch / "item"
    folder.mkdir()
    if place.path and place.path.is_dir():
        _require_form(form, ArchiveFormat.folder)
        _require_manifest(place.path)
        meter = Meter(limits, lambda: sys.maxsize)  # nothing is packed, so nothing is a bomb
        return Tree(folder, extract(read_folder(place.path, meter.unpacked), folder, meter))
    total = place.path.stat().st_size if place.path and place.path.is_file() else None
    with reporter.task(f"importing {place.file_name}", total) as task, reading(place) as file:
        return _unpack_file(place, file, folder, form, limits, task.advance)


def _unpack_file(
    place: Place,
    file: BinaryIO,
    folder: Path,
    wanted: ArchiveFormat | None,
    limits: Limits,
    advance: Callable[[int], None],
) -> Tree:
    counted = CountedStream(file, advance)
    head = _head(counted)
    form = format_of_bytes(head)
    _require_form(wanted, form)
    stream = _Rejoined(head, counted)
    if form is ArchiveFormat.zip:
        with seekable(place, file, stream, folder.parent) as whole:
            packed_bytes = whole.seek(0, 2)
            meter = Meter(limits, lambda: packed_bytes)
            return Tree(folder, extract(read_zip(whole, meter.unpacked), folder, meter))
    meter = Meter(limits, lambda: counted.read_bytes)
    return Tree(folder, extract(read_tar(decompressed(stream, form), meter.unpacked), folder, meter))


def _require_manifest(folder: Path) -> None:
    """Told before anything is copied: a folder named by mistake may hold anything, the store too."""
    if any((folder / kind.manifest).is_file() for kind in KINDS):
        return
    below = min((path.parent for kind in KINDS for path in folder.glob(f"*/{kind.manifest}")), default=None)
    raise no_item(hint=f"name the folder of one version, such as `{below}`" if below else None)


def _require_form(wanted: ArchiveFormat | None, found: ArchiveFormat) -> None:
    if wanted not in (None, found):
        raise ArchiveError(f"its form is `{found}` and not `{wanted}`", hint="leave the form out: it is found out")


def _head(stream: Stream) -> bytes:
    head = b""
    while len(head) < HEAD_BYTES and (more := stream.read(HEAD_BYTES - len(head))):
        head += more
    return head


class _Rejoined:
    """A stream whose beginning was read already."""

    def __init__(self, head: bytes, rest: Stream) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int) -> bytes:
        """At most `size` bytes; a compressor that asks for everything gets a piece."""
        if not self._head:
            return self._rest.read(size)
        piece = self._head if size < 0 else self._head[:size]
        self._head = self._head[len(piece) :]
        return piece
