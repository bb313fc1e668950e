"""Frames: whatever pieces a stream comes in, the same headers and bodies come out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.workers.frames import FrameReader, frame, split

frames = st.lists(st.tuples(st.binary(max_size=50), st.lists(st.binary(max_size=200), max_size=4)), max_size=8)


@given(frames, st.lists(st.integers(min_value=1, max_value=64), min_size=1))
def test_a_stream_cut_anywhere_gives_the_frames_back(sent: list[tuple[bytes, list[bytes]]], cuts: list[int]) -> None:
    stream = b"".join(piece for header, bodies in sent for piece in frame(header, bodies))
    reader = FrameReader()
    got = []
    position = 0
    while position < len(stream):
        step = cuts[position % len(cuts)]
        got += [(header, bytes(joined)) for header, joined in reader.feed(stream[position : position + step])]
        position += step
    assert got == [(header, b"".join(bodies)) for header, bodies in sent]


@given(st.lists(st.binary(max_size=100)))
def test_joined_bodies_split_by_their_sizes(bodies: list[bytes]) -> None:
    assert split(memoryview(b"".join(bodies)), [len(body) for body in bodies]) == bodies


def test_a_body_is_written_as_it_is_not_copied() -> None:
    body = b"x" * 1000
    assert frame(b"head", [body])[1] is body
