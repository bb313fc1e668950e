"""Blocks: large bodies cross in shared memory, which is used again, and which nothing outlives its last view."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.serving.shared_memory import LARGE_BYTES
from ekiben.serving.workers.blocks import MOST_KEPT_BYTES, MOST_LENT, BlockLender, BlockReader

BODY = bytes(range(256)) * (LARGE_BYTES // 256)


def blocks_open() -> int:
    """Descriptors of shared memory that this process has."""
    count = 0
    for link in Path("/proc/self/fd").iterdir():
        try:
            count += "memfd:ekiben-bodies" in str(link.readlink())
        except FileNotFoundError:  # the folder's own
            continue
    return count


@dataclass(frozen=True, slots=True)
class Link:
    """Both sides, and the blocks that the reader says are unused."""

    lender: BlockLender
    reader: BlockReader
    unused: list[int]


@pytest.fixture
def link() -> Iterator[Link]:
    ours, theirs = socket.socketpair()
    unused: list[int] = []
    lender, reader = BlockLender(ours), BlockReader(theirs, unused.append)
    yield Link(lender, reader, unused)
    lender.close()
    reader.close()
    gc.collect()
    assert blocks_open() == 0


def test_bodies_arrive_behind_one_another(link: Link) -> None:
    number = link.lender.lend([b"head", BODY, b"tail"])
    assert bytes(link.reader.read(number, len(BODY) + 8)) == b"head" + BODY + b"tail"


def test_more_bodies_than_one_call_can_write_arrive(link: Link) -> None:
    bodies = [BODY[:256]] * 5000
    number = link.lender.lend(bodies)
    assert bytes(link.reader.read(number, 256 * 5000)) == b"".join(bodies)


def test_what_is_small_does_not_go_by_block(link: Link) -> None:
    assert link.lender.lend([BODY[1:]]) == 0


def test_a_block_is_unused_when_its_last_view_is_gone(link: Link) -> None:
    number = link.lender.lend([BODY])
    whole = link.reader.read(number, len(BODY))
    part = whole[10:20]
    del whole
    gc.collect()
    assert link.unused == []
    assert bytes(part) == BODY[10:20]
    del part
    assert link.unused == [number]


def test_a_block_that_came_back_is_used_again(link: Link) -> None:
    for _ in range(5):
        number = link.lender.lend([BODY])
        link.reader.read(number, len(BODY))
        link.lender.take_back(number)
    assert len(set(link.unused)) == 1
    assert blocks_open() == 1


def test_a_block_that_is_still_looked_at_is_not_written_over(link: Link) -> None:
    first = link.reader.read(link.lender.lend([BODY]), len(BODY))
    other = link.reader.read(link.lender.lend([BODY[::-1]]), len(BODY))
    assert (bytes(first), bytes(other)) == (BODY, BODY[::-1])


def test_a_smaller_body_in_a_used_block_shows_nothing_of_the_former(link: Link) -> None:
    number = link.lender.lend([BODY * 2])
    link.reader.read(number, 2 * len(BODY))
    link.lender.take_back(number)
    view = link.reader.read(link.lender.lend([BODY]), len(BODY))
    assert len(view) == len(BODY)


def test_no_more_blocks_are_lent_than_descriptors_can_be_spared(link: Link) -> None:
    numbers = [link.lender.lend([BODY]) for _ in range(MOST_LENT + 1)]
    assert numbers.count(0) == 1


def test_memory_that_waits_for_its_next_use_is_bounded(link: Link) -> None:
    large = bytes(MOST_KEPT_BYTES // 2 + 1)
    numbers = [link.lender.lend([large]) for _ in range(3)]
    for number in numbers:
        link.lender.take_back(number)
    assert blocks_open() == 1


def test_a_lender_that_closes_leaves_the_reader_what_it_has(link: Link) -> None:
    view = link.reader.read(link.lender.lend([BODY]), len(BODY))
    link.lender.close()
    assert bytes(view) == BODY


@contextmanager
def no_more_descriptors() -> Iterator[None]:
    """This process may open nothing any more."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(link.name) for link in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 8, before[1]))
    filling = []
    try:
        while True:
            try:
                filling.append(os.dup(0))
            except OSError:
                break
        yield
    finally:
        for descriptor in filling:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_lender_without_descriptors_lets_the_socket_do_it(link: Link) -> None:
    with no_more_descriptors():
        assert link.lender.lend([BODY]) == 0
    assert link.lender.lend([BODY]) != 0


def test_a_reader_without_descriptors_says_so(link: Link) -> None:
    number = link.lender.lend([BODY])
    with no_more_descriptors(), pytest.raises(OSError, match="too many open files"):
        link.reader.read(number, len(BODY))


def test_a_block_that_goes_on_as_it_came_is_passed_on_and_told_unused_at_the_end(link: Link) -> None:
    onward, far = socket.socketpair()
    unused: list[int] = []
    lender, reader = BlockLender(onward), BlockReader(far, unused.append)
    first = link.lender.lend([BODY])
    body = link.reader.read(first, len(BODY))
    blocks = memory_blocks()
    second = lender.lend([body])
    view = reader.read(second, len(BODY))
    assert memory_blocks() == blocks
    view[:4] = b"mine"
    assert bytes(body) == BODY
    del body
    assert link.unused == []
    del view
    assert unused == [second]
    lender.take_back(second)
    assert link.unused == [first]
    lender.close()
    reader.close()


def test_a_part_of_a_block_is_copied(link: Link) -> None:
    number = link.lender.lend([BODY, BODY])
    body = link.reader.read(number, 2 * len(BODY))[: len(BODY)]
    again = link.lender.lend([body])
    assert bytes(link.reader.read(again, len(BODY))) == BODY


def memory_blocks() -> int:
    """How many different blocks of shared memory this process has open."""
    found = set()
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if "memfd:ekiben-bodies" in str(link.readlink()):
                found.add(link.stat().st_ino)
    return len(found)
