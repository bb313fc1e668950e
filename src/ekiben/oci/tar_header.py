"""The 512-byte headers of a layer's tar: POSIX ustar, and a pax header in front only where ustar cannot say it.

Written by hand and not by `tarfile`, whose bytes differ from one Python to the next (device numbers, the order and the
need of pax records) and which takes four times as long. Sources: POSIX.1-2017, pax, "ustar Interchange Format" and
"pax Extended Header"; OCI image-spec, layer.md.
"""

from __future__ import annotations

import struct

from ekiben.oci.entries import Entry

BLOCK_BYTES = 512
MAX_USTAR_BYTES = 8**11 - 1  # what eleven octal digits say: a byte less than 8 GiB

_NAME_BYTES = 100
_PREFIX_BYTES = 155
_LINK_MODE = 0o777  # what a link's mode is on Linux, whatever anybody sets
_TYPES = {"file": b"0", "folder": b"5", "link": b"2"}
_PAX_TYPE = b"x"
_PAX_NAME = b"PaxHeader"
_PAX_MODE = 0o644
# name, mode, uid, gid, size, mtime, checksum, type, link, magic, version, user, group, major, minor, prefix
_LAYOUT = struct.Struct("100s 8s 8s 8s 12s 12s 8s c 100s 6s 2s 32s 32s 8s 8s 155s 12x")
_CHECKSUM_AT = 148
_NO_NUMBER = b"0000000\0"  # uid, gid and device numbers: root's, and none


def header(entry: Entry, size_bytes: int, mtime_s: int) -> bytes:
    """What stands before the content of `entry`, which has `size_bytes`: one block, or three and more with pax."""
    name = entry.path.encode() + (b"/" if entry.kind == "folder" else b"")
    target = entry.target.encode()
    records = []
    split = _split(name)
    if split is None:
        records.append(_record(b"path", name))
        split = (b"", _abridged(name))
    if not _fits(target):
        records.append(_record(b"linkpath", target))
        target = _abridged(target)
    if size_bytes > MAX_USTAR_BYTES:
        records.append(_record(b"size", b"%d" % size_bytes))
        size_bytes = 0
    mode = _LINK_MODE if entry.kind == "link" else entry.mode
    block = _block(split, mode, size_bytes, mtime_s, _TYPES[entry.kind], target)
    return _pax(b"".join(records), mtime_s) + block if records else block


def _pax(body: bytes, mtime_s: int) -> bytes:
    """The block that says that records follow, and the records."""
    return _block((b"", _PAX_NAME), _PAX_MODE, len(body), mtime_s, _PAX_TYPE) + body + padding(len(body))


def padding(size_bytes: int) -> bytes:
    """The zeros after a content of this size."""
    return bytes(-size_bytes % BLOCK_BYTES)


def _block(
    split: tuple[bytes, bytes], mode: int, size_bytes: int, mtime_s: int, kind: bytes, target: bytes = b""
) -> bytes:
    prefix, name = split
    block = _LAYOUT.pack(
        *(name, b"%07o\0" % mode, _NO_NUMBER, _NO_NUMBER, b"%011o\0" % size_bytes, b"%011o\0" % mtime_s),
        *(b" " * 8, kind, target, b"ustar\0", b"00", b"", b"", _NO_NUMBER, _NO_NUMBER, prefix),
    )
    checksum = b"%06o\0 " % sum(block)
    return block[:_CHECKSUM_AT] + checksum + block[_CHECKSUM_AT + len(checksum) :]


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """`name` as ustar's prefix and name, the prefix as short as it can be; None where only pax can say it."""
    if _fits(name):
        return b"", name
    slash = name.find(b"/", len(name) - _NAME_BYTES - 1, len(name) - 1)
    return (name[:slash], name[slash + 1 :]) if name.isascii() and 0 < slash <= _PREFIX_BYTES else None


def _fits(text: bytes) -> bool:
    return len(text) <= _NAME_BYTES and text.isascii()


def _abridged(text: bytes) -> bytes:
    """What a reader that knows no pax may show in place of `text`."""
    return text.decode().encode("ascii", "replace")[:_NAME_BYTES]


def _record(key: bytes, value: bytes) -> bytes:
    """`<length> key=value\\n`, where the length counts its own digits."""
    rest = len(key) + len(value) + len(b" =\n")
    length = rest + len(str(rest))
    if rest + len(str(length)) != length:
        length += 1
    return b"%d %s=%s\n" % (length, key, value)
