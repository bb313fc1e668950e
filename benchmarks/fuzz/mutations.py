"""Archives made wrong: bits, lengths and order changed blindly, and fields of tar and zip headers changed knowingly.

Pure: bytes and a random generator in, bytes out.
"""

from __future__ import annotations

import random
from collections.abc import Callable

BLOCK = 512
EVIL_NAMES = (
    b"../outside",
    b"/tmp/outside",
    b"a/../../outside",
    b"..",
    b".",
    b"",
    b"a//b",
    b"a\\..\\b",
    b"C:\\outside",
    b"a\0b",
    b"a\nb",
    b"\x1b[2Jx",
    b"\xff\xfe",
    b"model.yaml/x",
    b"MODEL.YAML",
    b"SHA256SUMS",
    b"receipt.yaml",
    b"ekiben-archive.yaml",
    b"signatures/0123456789abcdef.sigstore.json",
    b"models/iris/v1/x",
    b"models/latest",
    b"x" * 300,
    b"d/" * 200 + b"x",
)
_FIELDS = {
    "name": (0, 100),
    "mode": (100, 8),
    "size": (124, 12),
    "type": (156, 1),
    "link": (157, 100),
    "prefix": (345, 155),
}
_NUMBERS = (
    b"7" * 11 + b"\0",
    b"\x80" + b"\xff" * 11,
    b"-0000000001\0",
    b"0" * 11 + b"\0",
    b"\xff" * 12,
    b"00000000010\0",
)
_TYPES = b"012345678gxLKSVDMNA\0\xff"


def mutate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """One to four blind changes; `other` is an archive to splice with."""
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(_BLIND)(data, other, rng)
    return data


def mutate_tar(data: bytes, rng: random.Random) -> bytes:
    """A plain tar with one to three headers changed and their checksums put right, so that the change is looked at."""
    blocks = bytearray(data)
    headers = [place for place in range(0, len(blocks), BLOCK) if blocks[place + 257 : place + 262] == b"ustar"]
    for _ in range(rng.randint(1, 3) if headers else 0):
        place = rng.choice(headers)
        rng.choice((_edit_field, _edit_field, _repeat_member, _insert_extension))(blocks, place, rng)
        headers = [one for one in range(0, len(blocks), BLOCK) if blocks[one + 257 : one + 262] == b"ustar"]
    return bytes(blocks)


def mutate_zip(data: bytes, rng: random.Random) -> bytes:
    """A zip with fields of its local headers, directory or end record overwritten."""
    changed = bytearray(data)
    marks = [place for mark in (b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06") for place in _places(data, mark)]
    for _ in range(rng.randint(1, 4) if marks else 0):
        place = rng.choice(marks) + rng.randrange(4, 46)
        width = rng.choice((1, 2, 4))
        value = rng.choice((0, 1, 0xFF, 0xFFFF, 0xFFFFFFFF, rng.getrandbits(32))) & (256**width - 1)
        changed[place : place + width] = value.to_bytes(width, "little")
    return bytes(changed)


def _places(data: bytes, mark: bytes) -> list[int]:
    found, place = [], data.find(mark)
    while place >= 0:
        found.append(place)
        place = data.find(mark, place + 1)
    return found


def _flip_bits(data: bytes, other: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _truncate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _overwrite(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    fill = rng.choice((b"\0", b"\xff", rng.randbytes(1))) * rng.choice((1, 4, 64, BLOCK, 4096))
    return data[:start] + fill + data[start + len(fill) :]


def _remove(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 4, 64, BLOCK)) :]


def _repeat(data: bytes, other: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(data) + 1)
    end = start + rng.choice((1, 64, BLOCK, 4096))
    return data[:end] + data[start:end] + data[end:]


def _concatenate(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return rng.choice((data + other, other + data, data + data, data + b"\0" * 10240 + other, data + b"x"))


def _splice(data: bytes, other: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other) + 1) :]


_BLIND: tuple[Callable[[bytes, bytes, random.Random], bytes], ...] = (
    *(_flip_bits, _flip_bits, _truncate, _overwrite),
    *(_remove, _repeat, _concatenate, _splice),
)


def _edit_field(blocks: bytearray, place: int, rng: random.Random) -> None:
    field = rng.choice(list(_FIELDS))
    start, width = _FIELDS[field]
    match field:
        case "type":
            value = rng.choice(_TYPES).to_bytes(1, "big")
        case "size" | "mode":
            value = rng.choice(_NUMBERS)
        case _:
            value = rng.choice(EVIL_NAMES)
    blocks[place + start : place + start + width] = value[:width].ljust(width, b"\0")
    _put_checksum_right(blocks, place)


def _repeat_member(blocks: bytearray, place: int, rng: random.Random) -> None:
    blocks[place:place] = blocks[place : place + BLOCK * rng.randint(1, 3)]


def _insert_extension(blocks: bytearray, place: int, rng: random.Random) -> None:
    """A pax or GNU header in front of a member."""
    name = rng.choice(EVIL_NAMES)
    keyword = rng.choice((b"path", b"size", b"linkpath", b"GNU.sparse.major", b"GNU.sparse.name", b"hdrcharset"))
    record = b" " + keyword + b"=" + name + b"\n"
    body = str(len(record) + rng.choice((1, 2, 3))).encode() + record
    kind = rng.choice((b"x", b"g", b"L", b"K"))
    content = body if kind in b"xg" else name
    header = bytearray(blocks[place : place + BLOCK])
    header[156:157] = kind
    header[124:136] = f"{rng.choice((len(content), len(content), 10**9)):011o}\0".encode()
    blocks[place:place] = header + content.ljust(-(-len(content) // BLOCK) * BLOCK, b"\0")
    _put_checksum_right(blocks, place)


def _put_checksum_right(blocks: bytearray, place: int) -> None:
    blocks[place + 148 : place + 156] = b" " * 8
    blocks[place + 148 : place + 156] = f"{sum(blocks[place : place + BLOCK]):06o}\0 ".encode()
