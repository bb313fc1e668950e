"""`received`: what a FrameReader makes of a stream that comes in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ekiben.serving.workers.framing import FrameReader


@dataclass(frozen=True, slots=True)
class Received:
    """A frame, copied while it was good."""

    header: bytes
    block: int
    size: int
    joined: bytes
    is_lasting: bool


def received(stream: bytes, cuts: Sequence[int]) -> list[Received]:
    """The frames of `stream`, read `cuts` bytes at a time, over and over, as far as the reader has room."""
    reader = FrameReader()
    got: list[Received] = []
    turn = position = 0
    while position < len(stream):
        space = reader.space()
        piece = stream[position : position + min(cuts[turn % len(cuts)], len(space))]
        space[: len(piece)] = piece
        for header, block, size, bodies in reader.advance(len(piece)):
            got.append(Received(bytes(header), block, size, bytes(bodies.joined), bodies.is_lasting))
        position += len(piece)
        turn += 1
    return got
