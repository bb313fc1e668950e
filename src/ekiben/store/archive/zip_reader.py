"""Zip files as entries, by their central directory. The only module that reads zip; forward reading it is not: the
directory stands at the end.

Refused is what readers understand differently: bytes before the files and after the directory, files that overlap (by
which some megabytes unpack to petabytes), encrypted ones, methods other than stored and deflated. Source: APPNOTE
6.3.10.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from ekiben.errors import ArchiveError
from ekiben.store.archive.entry import CHUNK_BYTES, Entry, EntryKind

MAX_DIRECTORY_BYTES = 64 * 1024**2  # of the central directory, which is read whole: half a million files
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1  # APPNOTE 4.4.4, bit 0
_END, _END_BYTES = b"PK\x05\x06", 22  # APPNOTE 4.3.16
_END_64, _END_64_BYTES, _LOCATOR_BYTES = b"PK\x06\x06", 56, 20  # APPNOTE 4.3.14, 4.3.15
_LOCAL_BYTES = 30  # of a local header without its name, APPNOTE 4.3.7
# What zipfile lets out where bytes are not what they should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    LookupError,
    OverflowError,
)


def read_zip(file: BinaryIO, unpacked: Callable[[int], None]) -> Iterator[Entry]:
    """The entries in the directory's order; `unpacked` is told every byte that comes out. Raises ArchiveError."""
    _require_small_directory(file)
    with _damage_in_words():
        archive = zipfile.ZipFile(file)
    infos = archive.infolist()
    _require_side_by_side(archive, infos)
    for info in infos:
        yield _entry(archive, info, unpacked)


@contextmanager
def _damage_in_words() -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None and error.filename is not None:
            raise
        raise _damaged(error) from error  # a place before the beginning of the file


def _damaged(error: Exception) -> ArchiveError:
    reason = str(error) or type(error).__name__
    return ArchiveError(f"the zip file is damaged: {reason}", hint="it was not copied or downloaded whole")


def _require_small_directory(file: BinaryIO) -> None:
    """Reads the end record itself, since zipfile reads the whole directory before it gives anything."""
    size_bytes = file.seek(0, 2)
    start = max(0, size_bytes - _END_BYTES - _LOCATOR_BYTES - _END_64_BYTES)
    file.seek(start)
    tail = file.read(size_bytes - start)
    if len(tail) < _END_BYTES or tail[-_END_BYTES:][:4] != _END:
        raise ArchiveError("the zip file does not end with its directory", hint="it was not copied or downloaded whole")
    directory_bytes = int.from_bytes(tail[-10:-6], "little")
    record = tail[-_END_BYTES - _LOCATOR_BYTES - _END_64_BYTES :]
    if record[:4] == _END_64:  # zipfile believes it whatever the older record says
        directory_bytes = int.from_bytes(record[40:48], "little")
    if directory_bytes > MAX_DIRECTORY_BYTES:
        raise ArchiveError(f"the zip file's directory is larger than {MAX_DIRECTORY_BYTES:,} bytes")


def _require_side_by_side(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> None:
    ordered = sorted(infos, key=lambda info: info.header_offset)
    starts = [*(info.header_offset for info in ordered), archive.start_dir]
    if starts[0] != 0:
        raise ArchiveError("something stands before the zip file's first file")
    for info, end in zip(ordered, starts[1:], strict=True):
        if info.header_offset + _LOCAL_BYTES + info.compress_size > end:
            raise ArchiveError("files in the zip file overlap")


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, unpacked: Callable[[int], None]) -> Entry:
    path, mode = info.orig_filename, info.external_attr >> 16
    kind = _kind(info, mode)
    return Entry(
        path,
        kind,
        info.file_size,
        bool(mode & 0o100) and kind is EntryKind.file,
        lambda: _chunks(archive, info, unpacked),
    )


def _kind(info: zipfile.ZipInfo, mode: int) -> EntryKind:
    if info.flag_bits & _ENCRYPTED:
        return EntryKind.encrypted
    match stat.S_IFMT(mode):
        case 0 | stat.S_IFREG | stat.S_IFDIR:
            is_folder = info.orig_filename.endswith("/")
            if is_folder and info.file_size:
                raise ArchiveError("a folder in it has content of its own")
            return EntryKind.folder if is_folder else EntryKind.file
        case stat.S_IFLNK:
            return EntryKind.symbolic_link
        case stat.S_IFIFO:
            return EntryKind.fifo
        case stat.S_IFCHR | stat.S_IFBLK:
            return EntryKind.device
        case _:
            return EntryKind.unknown


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, unpacked: Callable[[int], None]) -> Iterator[bytes]:
    if info.compress_type not in _METHODS:
        raise ArchiveError("the zip file uses a method other than stored and deflated")
    with _damage_in_words():
        content = archive.open(info)
    with content:
        while chunk := _read(content):
            unpacked(len(chunk))
            yield chunk


def _read(content: IO[bytes]) -> bytes:
    with _damage_in_words():
        return content.read(CHUNK_BYTES)
