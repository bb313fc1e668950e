"""Packed bodies: unpacked within the limit that bodies have."""

from __future__ import annotations

import gzip
import zlib

import pytest

from ekiben.errors import BadInput, PayloadTooLarge, RequestError, UnsupportedMediaType
from ekiben.serving.http.inference.encodings import decompress

BODY = b"tensor" * 100


@pytest.mark.parametrize(("encoding", "packed"), [("gzip", gzip.compress(BODY)), ("Deflate", zlib.compress(BODY))])
def test_a_packed_body_is_unpacked(encoding: str, packed: bytes) -> None:
    assert decompress(packed, encoding, len(BODY)) == BODY
    with pytest.raises(PayloadTooLarge):
        decompress(packed, encoding, len(BODY) - 1)


@pytest.mark.parametrize(
    ("encoding", "packed", "error"),
    [
        ("br", b"", UnsupportedMediaType),
        ("gzip", BODY, BadInput),
        ("gzip", gzip.compress(BODY)[:-1], BadInput),
        ("deflate", b"", BadInput),
    ],
)
def test_what_cannot_be_unpacked_is_refused(encoding: str, packed: bytes, error: type[RequestError]) -> None:
    with pytest.raises(error):
        decompress(packed, encoding, 10_000)


def test_a_small_body_that_unpacks_to_a_large_one_is_not_unpacked() -> None:
    with pytest.raises(PayloadTooLarge):
        decompress(gzip.compress(bytes(50_000_000)), "gzip", 1000)
