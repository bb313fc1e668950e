"""Bodies in shared memory: written once, and used again only when nobody looks at them."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.shared_memory import LARGE_BYTES, MappedBlock, block_of, map_block, share, write_pieces

LARGE = bytes(range(256)) * (LARGE_BYTES // 256)


def shared(pieces: list[bytes | memoryview]) -> memoryview:
    body = share(pieces)
    assert body is not None
    return body


def descriptor_of(body: memoryview) -> int:
    assert isinstance(body.obj, MappedBlock)
    return body.obj.descriptor


def test_pieces_lie_behind_one_another() -> None:
    assert bytes(shared([b"head", LARGE, memoryview(b"tail")])) == b"head" + LARGE + b"tail"


def test_a_small_body_is_not_worth_it() -> None:
    assert share([b"small"]) is None


def test_two_bodies_that_somebody_looks_at_are_apart() -> None:
    one, two = shared([LARGE]), shared([bytes(len(LARGE))])
    assert bytes(one) == LARGE
    assert bytes(two) == bytes(len(LARGE))


def test_memory_is_used_again_when_its_last_view_is_gone() -> None:
    body = shared([LARGE, b"longer"])
    inode = os.fstat(descriptor_of(body)).st_ino
    view = body[4:8]
    del body
    other = shared([LARGE])
    assert os.fstat(descriptor_of(other)).st_ino != inode
    del view
    gc.collect()
    again = [shared([LARGE]) for _ in range(3)]
    assert inode in [os.fstat(descriptor_of(one)).st_ino for one in again]


def test_what_a_reader_writes_is_its_own() -> None:
    body = shared([LARGE])
    reader = memoryview(map_block(os.dup(descriptor_of(body)), len(body)))
    reader[:4] = b"mine"
    assert (bytes(reader[:4]), bytes(body)) == (b"mine", LARGE)


def test_a_block_is_told_from_a_part_of_it_and_from_other_memory() -> None:
    body = shared([LARGE])
    assert block_of(body) is body.obj
    assert [block_of(one) for one in (body[1:], b"bytes", memoryview(b"b"))] == [None] * 3


def test_what_cannot_be_mapped_is_closed() -> None:
    read_end, write_end = os.pipe()
    os.close(write_end)
    with pytest.raises(OSError, match="No such device"):
        map_block(read_end, 100)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(read_end)


@given(st.lists(st.binary(max_size=5), max_size=2000))
def test_any_number_of_pieces_is_written(pieces: list[bytes]) -> None:
    descriptor = os.memfd_create("test")
    try:
        write_pieces(descriptor, [*pieces])
        assert os.pread(descriptor, 20_000, 0) == b"".join(pieces)
    finally:
        os.close(descriptor)
