"""The compressed forms of a layer: the same tar and the same version of the compressor give the same bytes.

gzip is ISA-L's at level 1: five times as quick as zlib's level 1 at the same size, and every engine reads it. What it
gives depends on how its input is cut, so that it is fed blocks of one size and nothing else; levels 1 and 2, but not
3, give the same bytes on every processor tried. zstd is smaller, but Docker before 23 cannot read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, assert_never

from isal import isal_zlib

from ekiben.oci.media_types import LayerForm, layer_type

Compression = Literal["gzip", "zstd", "none"]

BLOCK_BYTES = 1024 * 1024

_FORMS: dict[Compression, LayerForm] = {"gzip": "tar+gzip", "zstd": "tar+zstd", "none": "tar"}
_GZIP_LEVEL = 1
_GZIP_FORM = 31  # wbits: the largest window, in a gzip frame without a name or time
_ZSTD_LEVEL = 3


class Compressor(Protocol):
    """One compressed stream. To be fed blocks of BLOCK_BYTES, the last of them shorter."""

    def compress(self, block: bytes, /) -> bytes:
        """As much of the stream as is known by now."""

    def flush(self) -> bytes:
        """The end of the stream."""


class _Plain:
    def compress(self, block: bytes, /) -> bytes:
        return block

    def flush(self) -> bytes:
        return b""


def layer_media_type(compression: Compression) -> str:
    """The media type of a layer that is compressed so."""
    return layer_type(_FORMS[compression])


def compressor(compression: Compression) -> Compressor:
    """A new stream."""
    match compression:
        case "gzip":
            return isal_zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_FORM)
        case "zstd":
            import zstandard  # 25 ms, and few images are made with it

            return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True).compressobj()
        case "none":
            return _Plain()
    assert_never(compression)


def blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """`pieces` cut anew: each block has BLOCK_BYTES, the last what is left. Every byte is copied once."""
    held: list[memoryview] = []
    missing = BLOCK_BYTES
    for piece in pieces:
        rest = memoryview(piece)
        while len(rest) >= missing:
            yield b"".join((*held, rest[:missing]))
            held, rest, missing = [], rest[missing:], BLOCK_BYTES
        if rest:
            held.append(rest)
            missing -= len(rest)
    if held:
        yield b"".join(held)
