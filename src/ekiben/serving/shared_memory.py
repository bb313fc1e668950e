"""Bodies in shared memory: written once, mapped by whoever reads, passed on by descriptor. Linux; elsewhere none.

Memory that was written to before takes less than half the time of new, so what nobody looks at any more is kept for the
next body.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import threading
import time
from collections.abc import Sequence

LARGE_BYTES = 128 * 1024  # bodies of one message from which shared memory is cheaper than a socket, as measured
MOST_KEPT_BYTES = 128 * 1024 * 1024  # of memory that waits for its next use: a dozen calls of 10 MB at once
KEPT_S = 10.0  # seconds that it waits
_MOST_PIECES = 1000  # of one writing call (IOV_MAX is 1024)
_HAS_MEMFD = hasattr(os, "memfd_create")


class MappedBlock(mmap.mmap):
    """A block as its reader maps it: what it writes there is its own, copied page by page.

    `descriptor` is open as long as it is, so that it can be passed on. `is_own`: this process made the memory, and has
    use for it when nobody looks at it any more.
    """

    descriptor = -1
    is_own = False

    def __del__(self) -> None:
        if self.descriptor < 0:  # it could not be mapped
            return
        if self.is_own:
            _shelf.keep(self.descriptor, len(self))
        else:
            os.close(self.descriptor)


class _Shelf:
    """Memory that was written to before and waits for its next use, a while. Threads share it."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, int, float]] = []  # descriptor, bytes written, since when; the warmest at the end
        self._timer: threading.Timer | None = None

    def keep(self, descriptor: int, size: int) -> None:
        """Nobody looks at it any more."""
        if sum(one[1] for one in self._kept) + size <= MOST_KEPT_BYTES:
            self._kept.append((descriptor, size, time.monotonic()))
        else:
            os.close(descriptor)

    def take(self, size: int) -> int:
        """Memory of the least size that will do, else of any, else new. Raises OSError where there is none."""
        if self._timer is None:
            self._clear_later()
        kept = self._kept
        with contextlib.suppress(IndexError):
            best = min(range(len(kept)), key=lambda at: (kept[at][1] < size, kept[at][1]), default=-1)
            if best >= 0:
                return kept.pop(best)[0]
        return os.memfd_create("ekiben-values", os.MFD_CLOEXEC)

    def _clear(self) -> None:
        """Gives back what has waited for long."""
        self._timer = None
        until_s = time.monotonic() - KEPT_S
        with contextlib.suppress(IndexError):  # another thread takes some meanwhile
            while self._kept[0][2] <= until_s:
                os.close(self._kept.pop(0)[0])
        if self._kept:
            self._clear_later()

    def _clear_later(self) -> None:
        self._timer = threading.Timer(KEPT_S, self._clear)
        self._timer.daemon = True
        self._timer.start()


_shelf = _Shelf()


def map_block(descriptor: int, size: int, *, is_own: bool = False) -> MappedBlock:
    """The first `size` bytes of a block, which owns the descriptor from now on. Raises OSError, and closes it then."""
    try:
        mapped = MappedBlock(descriptor, size, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    except OSError:
        os.close(descriptor)
        raise
    mapped.descriptor = descriptor
    mapped.is_own = is_own
    return mapped


def share(pieces: Sequence[bytes | memoryview]) -> memoryview | None:
    """One body of these pieces, in shared memory; None where it is small, or there is no such memory to be had."""
    size = sum(map(len, pieces))
    if size < LARGE_BYTES or not _HAS_MEMFD:
        return None
    try:
        descriptor = _shelf.take(size)
    except OSError:
        return None
    try:
        write_pieces(descriptor, pieces)
    except OSError:  # no memory
        os.close(descriptor)
        return None
    try:
        return memoryview(map_block(descriptor, size, is_own=True))
    except OSError:
        return None


def block_of(body: bytes | memoryview) -> MappedBlock | None:
    """The block that the body is all of; None for another."""
    if isinstance(body, memoryview) and isinstance(body.obj, MappedBlock):
        return body.obj if len(body) == len(body.obj) else None
    return None


def write_pieces(descriptor: int, pieces: Sequence[bytes | memoryview]) -> None:
    """Writes the pieces behind one another, from the start. Raises OSError."""
    left: list[bytes | memoryview] = list(pieces) if len(pieces) <= _MOST_PIECES else [b"".join(pieces)]
    position = 0
    while left:
        written = os.pwritev(descriptor, left, position)
        position += written
        while left and written >= len(left[0]):
            written -= len(left.pop(0))
        if left and written:
            left[0] = memoryview(left[0])[written:]
