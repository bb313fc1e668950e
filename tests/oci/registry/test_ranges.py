"""Which pieces of a blob somebody brings, whatever order they come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.oci.registry.ranges import Pieces, is_worth_help

SIZES = st.integers(0, 500)
PIECE_BYTES = st.integers(1, 60)


@given(SIZES, PIECE_BYTES, st.data())
def test_every_byte_is_brought_once_whoever_brings_it(size: int, piece: int, data: st.DataObject) -> None:
    pieces, brought = Pieces(size, piece), bytearray(size)
    at = None
    while not pieces.is_whole:
        index = pieces.claim(data.draw(st.sampled_from([at, None])))
        assert index is not None
        start = pieces.reached(index)
        at = data.draw(st.integers(start, pieces.end(index)))
        for byte in range(start, at):
            brought[byte] += 1
        pieces.note(index, at)
        assert all(brought[: pieces.frontier])
        assert pieces.come_bytes == sum(brought)
        pieces.release(index)
    assert set(brought) <= {1}
    assert pieces.claim() is None


@given(st.integers(1, 500), PIECE_BYTES)
def test_two_never_bring_the_same(size: int, piece: int) -> None:
    pieces = Pieces(size, piece)
    claimed = [pieces.claim() for _ in range(pieces.count())]
    assert sorted(index for index in claimed if index is not None) == list(range(pieces.count()))
    assert pieces.claim() is None


@given(SIZES, PIECE_BYTES, st.integers(0, 500))
def test_what_lies_at_the_front_has_come(size: int, piece: int, front: int) -> None:
    pieces = Pieces(size, piece)
    pieces.note_front(min(front, size))
    assert pieces.frontier == pieces.come_bytes == min(front, size)
    assert pieces.is_whole == (front >= size)


def test_who_has_come_to_a_byte_goes_on_there() -> None:
    pieces = Pieces(100, 10)
    assert [pieces.claim(), pieces.claim(20), pieces.claim(20), pieces.claim(95)] == [0, 2, 1, 3]


def test_who_is_alone_reads_on_up_to_what_has_come_or_is_brought() -> None:
    pieces = Pieces(100, 10)
    assert [pieces.run_end(0), pieces.second_free()] == [100, 1]
    pieces.note(7, 71)
    assert [pieces.run_end(0), pieces.run_end(7)] == [70, 100]
    pieces.claim(40)
    assert [pieces.run_end(0), pieces.run_end(4)] == [40, 70]


def test_a_blob_of_unknown_size_ends_where_its_bytes_do() -> None:
    pieces = Pieces.of_size(None, 10)
    pieces.note_front(25)
    assert (pieces.claim(25), pieces.is_whole) == (2, False)
    pieces.note(2, 28)
    pieces.note_end()
    assert (pieces.is_whole, pieces.size_bytes) == (True, 28)


def test_help_comes_where_one_connection_would_take_long() -> None:
    pieces = Pieces(2_000_000_000)
    pieces.note_front(100_000_000)
    assert is_worth_help(1.0, 100_000_000, pieces)  # 19 more seconds
    assert not is_worth_help(0.5, 50_000_000, pieces)  # too early to tell
    assert not is_worth_help(1.0, 1_000_000_000, pieces)  # done in two seconds
    assert is_worth_help(5.0, 0, pieces)


def test_no_help_comes_for_what_is_small_or_of_unknown_size() -> None:
    assert not is_worth_help(9.0, 1, Pieces(2 * Pieces().piece_bytes - 1))
    assert not is_worth_help(9.0, 1, Pieces.of_size(None))
