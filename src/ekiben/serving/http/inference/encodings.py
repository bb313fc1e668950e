"""Bodies that came compressed: `gzip` and `deflate`, as Triton's clients offer them."""

from __future__ import annotations

import zlib

from ekiben.errors import BadInput, UnsupportedMediaType
from ekiben.serving.http.body import check_size

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # zlib finds out itself which of the two it is
_ENCODINGS = ("gzip", "deflate")


def decompress(body: bytes, encoding: str, limit: int) -> bytes:
    """The body that was compressed. Raises UnsupportedMediaType, BadInput, and PayloadTooLarge beyond `limit` bytes."""
    if encoding.strip().lower() not in _ENCODINGS:
        raise UnsupportedMediaType(
            f"`{encoding[:40]}` is no encoding that is read here", hint=f"one of {', '.join(_ENCODINGS)}"
        )
    reader = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = reader.decompress(body, limit + 1)
    except zlib.error as error:
        raise BadInput(f"the body is no {encoding}: {error}") from error
    check_size(len(plain), limit)
    if not reader.eof:
        raise BadInput(f"the body is no whole {encoding}")
    return plain
