"""Which shared libraries a program or library asks its loader for: the DT_NEEDED entries of an ELF file. Pure.

Of the files that images for linux/amd64 and linux/arm64 have: 64 bits, little-endian. See `man 5 elf`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_MAGIC = b"\x7fELF\x02\x01"  # then 64 bits, little-endian
_HEADER = struct.Struct("<32xQ14xHH")  # of the file: where the segments are told of, in what size, how many
_SEGMENT = struct.Struct("<IIQQQQ")  # type, flags, offset, address, physical address, size in the file
_ENTRY = struct.Struct("<qQ")  # of the dynamic segment: tag, value
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS = 0, 1, 5


def needed_libraries(content: bytes) -> tuple[str, ...]:
    """The names as they are written, such as `libssl.so.3`; none of what is no ELF file, or one that is cut off."""
    if not content.startswith(_MAGIC):
        return ()
    try:
        return tuple(_needed(content))
    except (struct.error, OverflowError):  # of what is told to be where no file reaches
        return ()


def _needed(content: bytes) -> Iterator[str]:
    segments = list(_segments(content))
    entries = [
        entry for kind, offset, _, size in segments if kind == _DYNAMIC for entry in _entries(content, offset, size)
    ]
    address = next((value for tag, value in entries if tag == _STRINGS), None)
    if address is None:
        return
    holding = (
        offset + address - start
        for kind, offset, start, size in segments
        if kind == _LOAD
        if start <= address < start + size
    )
    strings = next(holding, None)
    if strings is None:
        return
    for tag, value in entries:
        end = content.find(b"\0", strings + value)
        if tag == _NEEDED and end >= 0:
            yield content[strings + value : end].decode(errors="replace")


def _segments(content: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Type, offset, address and size of each."""
    start, size, count = _HEADER.unpack_from(content)
    for number in range(count):
        kind, _, offset, address, _, length = _SEGMENT.unpack_from(content, start + number * size)
        yield kind, offset, address, length


def _entries(content: bytes, offset: int, size: int) -> Iterator[tuple[int, int]]:
    for tag, value in _ENTRY.iter_unpack(content[offset : offset + size - size % _ENTRY.size]):
        if tag == _END:
            return
        yield tag, value
