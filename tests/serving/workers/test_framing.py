"""Frames: whatever pieces a stream comes in, the same headers and bodies come out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.workers.framing import BUFFER_BYTES, SMALL_BYTES, Bodies, FrameReader, frame
from tests.serving.workers.frame_stream import received

# What is sent, as `(header, [(size of a body, its byte)])`: hypothesis writes examples down, and bodies are large.
sizes = st.one_of(
    st.integers(0, 200), st.sampled_from([SMALL_BYTES, BUFFER_BYTES - 40, BUFFER_BYTES, 3 * BUFFER_BYTES])
)
frames = st.lists(
    st.tuples(st.binary(min_size=1, max_size=50), st.lists(st.tuples(sizes, st.integers(0, 255)), max_size=4)),
    max_size=8,
)


def bodies_of(sent: list[tuple[int, int]]) -> list[bytes]:
    return [bytes([byte]) * size for size, byte in sent]


@given(frames, st.lists(st.integers(min_value=300, max_value=2 * BUFFER_BYTES), min_size=1, max_size=20))
def test_a_stream_cut_anywhere_gives_the_frames_back(
    sent: list[tuple[bytes, list[tuple[int, int]]]], cuts: list[int]
) -> None:
    stream = b"".join(piece for header, bodies in sent for piece in frame(header, bodies_of(bodies)))
    got = [(one.header, one.joined) for one in received(stream, cuts)]
    assert got == [(header, b"".join(bodies_of(bodies))) for header, bodies in sent]


@given(frames, st.integers(min_value=1, max_value=16))
def test_lengths_that_come_byte_by_byte_are_waited_for(
    sent: list[tuple[bytes, list[tuple[int, int]]]], step: int
) -> None:
    small = [(header, [body[:30] for body in bodies_of(bodies)]) for header, bodies in sent]
    stream = b"".join(piece for header, bodies in small for piece in frame(header, bodies))
    got = [(one.header, one.joined) for one in received(stream, [step])]
    assert got == [(header, b"".join(bodies)) for header, bodies in small]


@given(st.lists(st.binary(max_size=100)), st.booleans())
def test_joined_bodies_split_by_their_sizes(bodies: list[bytes], is_lasting: bool) -> None:
    joined = Bodies(memoryview(b"".join(bodies)), is_lasting)
    assert joined.split([len(body) for body in bodies]) == bodies


def test_a_large_body_is_a_view_of_memory_that_lasts_and_a_copy_of_memory_that_does_not() -> None:
    memory = memoryview(bytes(2 * SMALL_BYTES))
    assert isinstance(Bodies(memory, is_lasting=True).split([2 * SMALL_BYTES])[0], memoryview)
    assert isinstance(Bodies(memory, is_lasting=False).split([2 * SMALL_BYTES])[0], bytes)
    assert isinstance(Bodies(memory, is_lasting=True).split([SMALL_BYTES])[0], bytes)


def test_a_large_body_is_written_as_it_is_not_copied() -> None:
    body = b"x" * (SMALL_BYTES + 1)
    assert frame(b"head", [body])[1] is body


def test_small_bodies_leave_in_one_piece() -> None:
    assert len(frame(b"head", [b"x"] * 100)) == 1


def test_bodies_in_a_block_do_not_follow_their_header() -> None:
    stream = b"".join(frame(b"one", [b"x" * 1000], block=7)) + b"".join(frame(b"two"))
    first, second = received(stream, [8])
    assert (first.header, first.block, first.size, first.joined) == (b"one", 7, 1000, b"")
    assert second.header == b"two"


def test_a_frame_larger_than_the_buffer_is_received_where_it_stays() -> None:
    stream = b"".join(frame(b"one", [b"x" * 2 * BUFFER_BYTES]))
    assert [one.is_lasting for one in received(stream, [1000])] == [True]


def test_the_reader_takes_no_more_memory_than_the_largest_frame_asks_for() -> None:
    reader = FrameReader()
    for _ in range(3):
        for piece in frame(b"one", [b"x" * 2 * BUFFER_BYTES]):
            rest = memoryview(piece)
            while rest:
                space = reader.space()
                count = min(len(space), len(rest))
                space[:count] = rest[:count]
                list(reader.advance(count))
                rest = rest[count:]
    assert len(reader.space()) == BUFFER_BYTES
