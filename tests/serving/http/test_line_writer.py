"""LineWriter: lines whole and in order, and never a wait for who reads them."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.http.line_writer import LineWriter, packets

LINES = st.lists(st.integers(1, 40).map(lambda size: b"x" * (size - 1) + b"\n"))


@given(LINES, st.integers(1, 60))
def test_packets_are_whole_lines_in_order_and_no_larger_than_asked(lines: list[bytes], most: int) -> None:
    found = list(packets(lines, most))
    assert b"".join(found) == b"".join(lines)
    assert all(packet.endswith(b"\n") for packet in found)
    assert all(len(packet) <= most or packet.count(b"\n") == 1 for packet in found)


def with_pipe(use: Callable[[int, int], None]) -> None:
    """Calls `use(read end, write end)` on a loop."""

    async def run() -> None:
        reading, writing = os.pipe()
        try:
            use(reading, writing)
        finally:
            os.close(reading)
            os.close(writing)

    asyncio.run(run())


def test_closing_writes_what_is_left() -> None:
    def use(reading: int, writing: int) -> None:
        writer = LineWriter(writing)
        writer.write(b"one\n")
        writer.write(b"two\n")
        writer.close()
        assert os.read(reading, 100) == b"one\ntwo\n"

    with_pipe(use)


def test_lines_come_without_being_asked_for() -> None:
    async def run() -> bytes:
        reading, writing = os.pipe()
        writer = LineWriter(writing)
        writer.write(b"one\n")
        await asyncio.to_thread(select.select, [reading], [], [], 30)
        writer.close()
        os.close(writing)
        with os.fdopen(reading, "rb") as end:
            return end.read()

    assert asyncio.run(run()) == b"one\n"


def test_lines_beyond_the_bound_are_dropped_and_counted_while_nobody_reads() -> None:
    def use(reading: int, writing: int) -> None:
        writer = LineWriter(writing, most_bytes=10)
        for _ in range(5):
            writer.write(b"four\n")
        assert writer.dropped == 3
        writer.close()
        assert os.read(reading, 100) == b"four\nfour\n"

    with_pipe(use)


def test_a_reader_that_went_away_ends_nothing() -> None:
    async def run() -> LineWriter:
        reading, writing = os.pipe()
        os.close(reading)
        writer = LineWriter(writing)
        writer.write(b"one\n")
        writer.close()
        os.close(writing)
        return writer

    assert asyncio.run(run()).dropped == 0
