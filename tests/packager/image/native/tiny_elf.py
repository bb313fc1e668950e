"""ELF files of a few hundred bytes, which say what they need and hold nothing else."""

from __future__ import annotations

import struct

_HEADER_BYTES, _SEGMENT_BYTES = 64, 56
_AT = 0x1000  # how much higher everything is in memory than in the file
_LOAD, _DYNAMIC = 1, 2
_END, _NEEDED, _STRINGS = 0, 1, 5


def elf(*needed: str) -> bytes:
    """A library that asks for these."""
    strings, offsets = b"\0", []
    for name in needed:
        offsets.append(len(strings))
        strings += name.encode() + b"\0"
    dynamic_at = _HEADER_BYTES + 2 * _SEGMENT_BYTES
    entries = [*((_NEEDED, one) for one in offsets), (_STRINGS, 0), (_END, 0)]
    strings_at = dynamic_at + 16 * len(entries)
    filled = [(tag, _AT + strings_at if tag == _STRINGS else value) for tag, value in entries]
    dynamic = b"".join(struct.pack("<qQ", *entry) for entry in filled)
    size = strings_at + len(strings)
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, 0, _HEADER_BYTES, 0, 0, _HEADER_BYTES, _SEGMENT_BYTES, 2, 0, 0, 0
    )
    load = struct.pack("<IIQQQQQQ", _LOAD, 5, 0, _AT, _AT, size, size, 0x1000)
    told = struct.pack(
        "<IIQQQQQQ", _DYNAMIC, 6, dynamic_at, _AT + dynamic_at, _AT + dynamic_at, len(dynamic), len(dynamic), 8
    )
    return header + load + told + dynamic + strings
