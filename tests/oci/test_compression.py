"""Compressed layers: other tools read them, and the bytes depend on nothing but the tar."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterable, Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ekiben.oci.compression import BLOCK_BYTES, Compression, blocks, compressor

CONTENT = b"".join(random.Random(3).choices([b"import ", b"def ", b"\0\0", b"self."], k=500_000))
DECOMPRESS: dict[Compression, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
    "none": bytes,
}


def compressed(pieces: Iterable[bytes], compression: Compression) -> bytes:
    stream = compressor(compression)
    return b"".join(stream.compress(block) for block in blocks(pieces)) + stream.flush()


def cut(content: bytes, ends: Iterable[int]) -> Iterator[bytes]:
    begin = 0
    for end in sorted({*ends, len(content)}):
        yield content[begin:end]
        begin = end


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, len(CONTENT)])
def test_other_tools_read_it(compression: Compression, size: int) -> None:
    packed = compressed([CONTENT[:size]], compression)
    assert DECOMPRESS[compression](packed) == CONTENT[:size]


def test_a_gzip_frame_holds_no_time_and_no_name() -> None:
    assert compressed([CONTENT], "gzip")[:10] == bytes.fromhex("1f8b08000000000000ff")


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_how_the_tar_was_cut_does_not_matter(compression: Compression) -> None:
    rng = random.Random(4)
    whole = compressed([CONTENT], compression)
    for pieces in (3, 30, 3000):
        ends = [rng.randrange(len(CONTENT)) for _ in range(pieces)]
        assert compressed(cut(CONTENT, ends), compression) == whole


@given(st.integers(0, len(CONTENT)), st.lists(st.integers(0, len(CONTENT)), max_size=20))
def test_blocks_have_one_size_and_the_last_what_is_left(size: int, ends: list[int]) -> None:
    content = CONTENT[:size]
    sizes = [len(block) for block in blocks(cut(content, (end for end in ends if end < size)))]
    assert sizes == [BLOCK_BYTES] * (size // BLOCK_BYTES) + [size % BLOCK_BYTES] * bool(size % BLOCK_BYTES)
    assert b"".join(blocks(cut(content, (end for end in ends if end < size)))) == content
