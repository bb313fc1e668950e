"""A large blob in pieces that several connections bring at once: who brings which, and when more of them help. Pure.

One connection is as fast as several on a fast line, where the digest is what takes time. On a long one, or where a
registry's storage gives each connection its share, several are as many times as fast.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

PIECE_BYTES = 32 * 1024 * 1024  # asked for at once: a round trip is little beside it
_LOOK_S = 1.0  # how long one connection is watched first: by then it is as fast as it gets
_SOON_S = 4.0  # what is left for less is not worth another connection
ENDLESS = 1 << 62  # bytes: where nobody says how many there are, until the last one came


@dataclass(slots=True)
class Pieces:
    """What has come of `size_bytes`, from the front of each piece on, and which pieces somebody brings. Whoever shares
    it holds a lock."""

    size_bytes: int = ENDLESS
    piece_bytes: int = PIECE_BYTES
    _come: dict[int, int] = field(default_factory=dict, init=False)  # bytes by piece, where there are any
    _claimed: set[int] = field(default_factory=set, init=False)
    _first: int = field(default=0, init=False)  # the first piece that has not come
    come_bytes: int = field(default=0, init=False)

    @classmethod
    def of_size(cls, size_bytes: int | None, piece_bytes: int = PIECE_BYTES) -> Pieces:
        """Of a blob whose size may not be known yet."""
        return cls(ENDLESS if size_bytes is None else size_bytes, piece_bytes)

    @property
    def is_endless(self) -> bool:
        """Whether nobody said how many bytes there are."""
        return self.size_bytes == ENDLESS

    @property
    def frontier(self) -> int:
        """How many bytes have come from the first on without a gap."""
        return min(self.size_bytes, self.reached(self._first))

    @property
    def is_whole(self) -> bool:
        """Whether all have come."""
        return self.frontier == self.size_bytes

    def count(self) -> int:
        """How many pieces there are."""
        return -(-self.size_bytes // self.piece_bytes)

    def end(self, index: int) -> int:
        """The byte behind a piece."""
        return min(self.size_bytes, (index + 1) * self.piece_bytes)

    def reached(self, index: int) -> int:
        """The byte of a piece that comes next."""
        return index * self.piece_bytes + self._come.get(index, 0)

    def come(self, index: int) -> int:
        """How many bytes of a piece are there."""
        return self._come.get(index, 0)

    def note(self, index: int, position: int) -> None:
        """The piece has come up to the byte `position`."""
        before = self.reached(index)
        self._come[index] = position - index * self.piece_bytes
        self.come_bytes += position - before
        while self._is_there(self._first):
            self._first += 1

    def note_front(self, position: int) -> None:
        """All before the byte `position` have come."""
        for index in range(-(-position // self.piece_bytes)):
            self.note(index, min(position, self.end(index)))

    def note_end(self) -> None:
        """There are no more bytes than have come without a gap."""
        self.size_bytes = self.frontier

    def claim(self, at: int | None = None) -> int | None:
        """A piece that has not come and nobody brings: the one whose next byte is `at`, for somebody who has come so
        far, else the first. None where there is none."""
        index = None if at is None or at >= self.size_bytes else at // self.piece_bytes
        if index is None or self.reached(index) != at or not self._is_free(index):
            index = next(self._free(), None)
        if index is not None:
            self._claimed.add(index)
        return index

    def second_free(self) -> int | None:
        """What could be claimed if somebody else claimed first."""
        return next(islice(self._free(), 1, None), None)

    def run_end(self, index: int) -> int:
        """The byte up to which everything is missing, and brought by nobody else, from the piece `index` on."""
        if self.is_endless:
            return ENDLESS
        while (
            (index + 1) * self.piece_bytes < self.size_bytes and not self.come(index + 1) and self._is_free(index + 1)
        ):
            index += 1
        return self.end(index)

    def release(self, index: int) -> None:
        """Nobody brings the piece any more, whether it has come or not."""
        self._claimed.discard(index)

    def _free(self) -> Iterator[int]:
        return (index for index in range(self._first, self.count()) if self._is_free(index))

    def _is_free(self, index: int) -> bool:
        return index not in self._claimed and not self._is_there(index)

    def _is_there(self, index: int) -> bool:
        return index * self.piece_bytes < self.size_bytes and self.reached(index) == self.end(index)


def is_worth_help(seconds: float, come_bytes: int, pieces: Pieces) -> bool:
    """Whether another connection should help one that brought `come_bytes` in `seconds`."""
    left = pieces.size_bytes - pieces.come_bytes
    if pieces.is_endless or seconds < _LOOK_S or left < 2 * pieces.piece_bytes:
        return False
    return left * seconds > _SOON_S * come_bytes
