"""Members written in one of the forms: the same members give the same bytes.

Order is the caller's; times, owners and modes are fixed, and compressors' parameters, too.
"""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, cast

from ekiben.store.archive.compression import Sink, compressed
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.member import Member
from ekiben.store.archive.tar_reader import BLOCK_BYTES
from ekiben.store.disk import make_folder, sync

_TIME_S = 315_532_800  # 1980-01-01T00:00:00Z, the earliest that a zip can hold
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3  # the system of a zip's entry whose attributes hold a Unix mode
_REGULAR_FILE = 0o100000


def write_archive(members: Iterable[Member], sink: Sink, form: ArchiveFormat, advance: Callable[[int], None]) -> None:
    """Writes the members into a file, forward only; `advance` is told the bytes of content."""
    if form is ArchiveFormat.zip:
        _write_zip(members, sink, advance)
        return
    with compressed(sink, form) as stream:
        _write_tar(members, stream, advance)


def write_folder(members: Iterable[Member], folder: Path, advance: Callable[[int], None]) -> None:
    """Writes the members as files below `folder`, and brings all of it to the disk."""
    for member in members:
        target = folder / member.path
        make_folder(target.parent)
        with target.open("xb") as stream:
            os.fchmod(stream.fileno(), member.mode)
            for chunk in member.chunks():
                stream.write(chunk)
                advance(len(chunk))
            stream.flush()
            os.fsync(stream.fileno())
        sync(target.parent)


def _write_tar(members: Iterable[Member], stream: Sink, advance: Callable[[int], None]) -> None:
    for member in members:
        stream.write(_tar_header(member))
        for chunk in member.chunks():
            stream.write(chunk)
            advance(len(chunk))
        stream.write(bytes(-member.size_bytes % BLOCK_BYTES))
    stream.write(bytes(2 * BLOCK_BYTES))


def _tar_header(member: Member) -> bytes:
    info = tarfile.TarInfo(member.path)
    info.size, info.mode, info.mtime = member.size_bytes, member.mode, _TIME_S
    return info.tobuf(tarfile.PAX_FORMAT)


class _ForwardOnly:
    """Hides that a file could seek: zipfile writes other bytes where it can."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, data: bytes) -> int:
        """Passes it on."""
        self._sink.write(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""


def _write_zip(members: Iterable[Member], sink: Sink, advance: Callable[[int], None]) -> None:
    with zipfile.ZipFile(cast(BinaryIO, _ForwardOnly(sink)), "w") as archive:
        for member in members:
            info = zipfile.ZipInfo(member.path, _ZIP_TIME)
            info.create_system, info.external_attr = _UNIX, (_REGULAR_FILE | member.mode) << 16
            info.compress_type, info.file_size = zipfile.ZIP_DEFLATED, member.size_bytes
            with archive.open(info, "w") as stream:
                for chunk in member.chunks():
                    stream.write(chunk)
                    advance(len(chunk))
