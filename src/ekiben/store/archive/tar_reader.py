"""Tar files read forward, strictly: ustar, with the names and sizes of pax and GNU that real archives need.

Two readers that understand one archive differently are how files are smuggled, so what could be read in two ways is
refused: sparse files, data behind a folder, a name given twice, anything behind the end. Sources: POSIX.1-2017 pax,
"ustar Interchange Format" and "pax Header Block"; GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ekiben.errors import ArchiveError
from ekiben.store.archive.entry import CHUNK_BYTES, Entry, EntryKind, Stream, read_chunks, read_exactly

BLOCK_BYTES = 512
MAX_EXTENSION_BYTES = 64 * 1024  # of a pax header or a GNU long name: the longest name fits many times
_MAX_DIGITS = 20  # of a number: more than any size
_POSIX, _GNU = b"ustar\x0000", b"ustar  \x00"
_KINDS = {
    b"0": EntryKind.file,
    b"\0": EntryKind.file,
    b"1": EntryKind.hard_link,
    b"2": EntryKind.symbolic_link,
    b"3": EntryKind.device,
    b"4": EntryKind.device,
    b"5": EntryKind.folder,
    b"6": EntryKind.fifo,
    b"S": EntryKind.sparse,
}
_PAX, _PAX_FOR_ALL, _GNU_NAME, _GNU_LINK = b"x", b"g", b"L", b"K"
_HARMLESS_FOR_ALL = frozenset({"comment"})  # `git archive` writes the commit there
_ENDS_EARLY = "it ends before its end mark"


@dataclass(frozen=True, slots=True)
class _Header:
    path: str
    typeflag: bytes
    size_bytes: int
    is_executable: bool


def read_tar(stream: Stream, unpacked: Callable[[int], None]) -> Iterator[Entry]:
    """The entries in the archive's order; `unpacked` is told every byte that is read. Raises ArchiveError."""
    source = _Counted(stream, unpacked)
    extension: dict[str, str] = {}
    while True:
        block = read_exactly(source, BLOCK_BYTES)
        if not any(block):
            _require_end(source, extension)
            return
        header = _parse_header(block)
        if header.typeflag in (_PAX, _PAX_FOR_ALL, _GNU_NAME, _GNU_LINK):
            extension |= _read_extension(source, header, extension)
            continue
        header, extension = _extended(header, extension), {}
        kind = _KINDS.get(header.typeflag, EntryKind.unknown)
        if kind is EntryKind.file:
            yield from _file(source, header)
        else:
            yield _without_content(header, kind)


def _file(source: Stream, header: _Header) -> Iterator[Entry]:
    content = read_chunks(source, header.size_bytes)
    yield Entry(header.path, EntryKind.file, header.size_bytes, header.is_executable, lambda: content)
    for _ in content:
        pass  # what the caller did not want
    read_exactly(source, -header.size_bytes % BLOCK_BYTES)


def _without_content(header: _Header, kind: EntryKind) -> Entry:
    if kind is EntryKind.folder and header.size_bytes:
        raise ArchiveError("a folder in it has content of its own")
    return Entry(header.path, kind)


class _Counted:
    def __init__(self, stream: Stream, unpacked: Callable[[int], None]) -> None:
        self._stream = stream
        self._unpacked = unpacked

    def read(self, size: int) -> bytes:
        """Counts what is read."""
        data = self._stream.read(size)
        self._unpacked(len(data))
        return data


def _require_end(source: Stream, extension: dict[str, str]) -> None:
    """Reads on, so that a compressor's own checksum is looked at, too."""
    if extension or any(read_exactly(source, BLOCK_BYTES)):
        raise ArchiveError(_ENDS_EARLY)
    while data := source.read(CHUNK_BYTES):
        if data.count(0) != len(data):
            raise ArchiveError("something follows its end")


def _parse_header(block: bytes) -> _Header:
    if sum(block) - sum(block[148:156]) + 8 * 0x20 != _number(block[148:156]):
        raise ArchiveError("a header's checksum is wrong")
    magic = block[257:265]
    if magic not in (_POSIX, _GNU):
        raise ArchiveError("a header is no tar header")
    name, prefix = _text(block[0:100]), _text(block[345:500]) if magic == _POSIX else ""
    path = f"{prefix}/{name}" if prefix else name
    return _Header(path, block[156:157], _number(block[124:136]), bool(_number(block[100:108]) & 0o100))


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode(errors="surrogateescape")


def _number(field: bytes) -> int:
    """Octal digits, or GNU's big-endian number behind a byte 0x80. Negative ones have no use here."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if digits.strip(b"01234567"):
        raise ArchiveError("a number in a header is none")
    return int(digits or b"0", 8)


def _read_extension(source: Stream, header: _Header, known: dict[str, str]) -> dict[str, str]:
    if header.size_bytes > MAX_EXTENSION_BYTES:
        raise ArchiveError("an extended header is too long")
    content = read_exactly(source, header.size_bytes)
    read_exactly(source, -header.size_bytes % BLOCK_BYTES)
    match header.typeflag:
        case b"x":
            found = _parse_pax(content)
        case b"g":
            found = {}
            if not _parse_pax(content).keys() <= _HARMLESS_FOR_ALL:
                raise ArchiveError("an extended header is meant for all its files")
        case b"L":
            found = {"path": _text(content)}
        case _:
            found = {}  # a link's target, and links are refused
    if found.keys() & known.keys():
        raise ArchiveError("a file in it has two extended headers")
    return found


def _parse_pax(content: bytes) -> dict[str, str]:
    """Records `<length> <keyword>=<value>\\n`, the length being that of the whole record."""
    records: dict[str, str] = {}
    start = 0
    while start < len(content):
        length, separator, _ = content[start : start + _MAX_DIGITS].partition(b" ")
        if not separator or not length.isdigit() or length.startswith(b"0"):
            raise ArchiveError("an extended header is damaged")
        record = content[start + len(length) + 1 : start + int(length)]
        keyword, separator, value = record.partition(b"=")
        if not separator or not value.endswith(b"\n") or start + int(length) > len(content):
            raise ArchiveError("an extended header is damaged")
        records[keyword.decode(errors="replace")] = value[:-1].decode(errors="surrogateescape")
        start += int(length)
    if any(keyword.startswith("GNU.sparse.") for keyword in records):
        raise ArchiveError("a file in it is a sparse file", hint="pack it without `--sparse`")
    return records


def _extended(header: _Header, extension: dict[str, str]) -> _Header:
    size = extension.get("size", str(header.size_bytes))
    if not (size.isascii() and size.isdigit() and len(size) <= _MAX_DIGITS):
        raise ArchiveError("an extended header is damaged")
    return _Header(extension.get("path", header.path), header.typeflag, int(size), header.is_executable)
