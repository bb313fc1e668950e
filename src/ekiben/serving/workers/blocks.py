"""Blocks of shared memory between a front and its child, for bodies that are too large to be copied through a socket.

    sender     writes the bodies into a block that nobody reads, and sends its descriptor ahead of the message; a body
               that is in shared memory already (`shared_memory`), from its maker or another worker, is sent as it is
    receiver   maps it, and decodes where it lies; when the last view of it is gone, it says so. What it writes there
               is its own (copied page by page), so that arrays are views of it which a service may change
    sender     uses the block again

A block is used again because its pages are the costly part: writing 10 MB into new shared memory takes three times as
long as into pages that are there, and longer than sending them through the socket. A descriptor goes along with each
message, so the receiver keeps no table: what it holds is held by the mapping, which lives as long as a view of it. What
a killed worker had is gone with its descriptors.

Descriptors have a socket of their own beside the stream, since the event loop's streams do not carry them. One is sent
before the message that names it, so taking it never waits.
"""

from __future__ import annotations

import contextlib
import itertools
import mmap
import os
import socket
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ekiben.serving.shared_memory import LARGE_BYTES, MappedBlock, block_of, map_block, write_pieces
from ekiben.serving.wire import Body

MOST_KEPT_BYTES = 32 * 1024 * 1024  # of blocks that wait for their next use, for each direction of a worker
MOST_LENT = 8  # blocks under way at once: each is a descriptor here and one there, of which a front has few to spare


@dataclass(slots=True)
class _Block:
    """`pages_bytes` is how much of it was ever written."""

    number: int
    descriptor: int
    pages_bytes: int = 0


class BlockLender:
    """The sender's side. `end` is the socket that carries descriptors; without shared memory it lends nothing."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._numbers = itertools.count(1)
        self._lent: dict[int, _Block | MappedBlock] = {}
        self._kept: list[_Block] = []  # the one that came back last, at the end, is warm in the cache

    def lend(self, bodies: Sequence[Body]) -> int:
        """The number of a block that holds the bodies and whose descriptor is on its way; 0 where there is none."""
        size = sum(map(len, bodies))
        if size < LARGE_BYTES or len(self._lent) >= MOST_LENT or not hasattr(os, "memfd_create"):
            return 0
        if len(bodies) == 1 and (mapped := block_of(bodies[0])) is not None:
            return self._pass_on(mapped)
        block = self._take(size)
        if block is None:
            return 0
        try:
            write_pieces(block.descriptor, bodies)
            block.pages_bytes = max(block.pages_bytes, size)
            socket.send_fds(self._end, [b"\0"], [block.descriptor], socket.MSG_DONTWAIT)
        except OSError:  # no memory, or too many descriptors on their way: the socket will do
            os.close(block.descriptor)
            return 0
        self._lent[block.number] = block
        return block.number

    def take_back(self, number: int) -> None:
        """The receiver has no view of the block any more."""
        block = self._lent.pop(number, None)
        if not isinstance(block, _Block):
            return
        self._kept.append(block)
        while sum(one.pages_bytes for one in self._kept) > MOST_KEPT_BYTES:
            os.close(self._kept.pop(0).descriptor)

    def close(self) -> None:
        """Forgets every block; memory that the receiver has mapped stays with it."""
        for block in (*self._lent.values(), *self._kept):
            if isinstance(block, _Block):
                os.close(block.descriptor)
        self._lent.clear()
        self._kept.clear()
        self._end.close()

    def _pass_on(self, mapped: MappedBlock) -> int:
        """The number under which the receiver gets a block that another one wrote."""
        try:
            socket.send_fds(self._end, [b"\0"], [mapped.descriptor], socket.MSG_DONTWAIT)
        except OSError:
            return 0
        number = next(self._numbers)
        self._lent[number] = mapped
        return number

    def _take(self, size: int) -> _Block | None:
        """The kept block that fits best: the last of those that are large enough, else one that grows, else a new."""
        for index in range(len(self._kept) - 1, -1, -1):
            if self._kept[index].pages_bytes >= size:
                return self._kept.pop(index)
        if self._kept:
            return self._kept.pop()
        with contextlib.suppress(OSError):
            return _Block(next(self._numbers), os.memfd_create("ekiben-bodies", os.MFD_CLOEXEC))
        return None


class BlockReader:
    """The receiver's side. `on_unused(number)` is called when the last view of a block is gone, in whatever thread."""

    def __init__(self, end: socket.socket, on_unused: Callable[[int], None]) -> None:
        self._end = end
        self._on_unused = on_unused
        self._mapped: dict[int, weakref.ref[mmap.mmap]] = {}

    def read(self, number: int, size: int) -> memoryview:
        """The bodies in the block whose descriptor comes next. Raises OSError where this process is out of them."""
        _, descriptors, _, _ = socket.recv_fds(self._end, 1, 1, socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC)
        if not descriptors:
            raise OSError("no descriptor came: this process has too many open files")
        mapped = map_block(descriptors[0], size)
        self._mapped[number] = weakref.ref(mapped, lambda _: self._unmapped(number))
        return memoryview(mapped)

    def close(self) -> None:
        """Takes no more; what is mapped stays until nobody looks at it."""
        self._mapped.clear()
        self._end.close()

    def _unmapped(self, number: int) -> None:
        if self._mapped.pop(number, None) is not None:
            self._on_unused(number)
