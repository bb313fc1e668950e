"""`LineWriter`: lines to a file descriptor, by a thread, so that a slow reader of a log holds up no request.

write(line) ──> lines of the last FLUSH_S ──> one hand-over ──> thread: write(2)
                    └── beyond `most_bytes` unwritten: dropped and counted
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import threading
from collections.abc import Iterable, Iterator, Sequence
from queue import SimpleQueue

FLUSH_S = 0.05  # seconds that lines are collected: a thread woken for every line would cost more than the line
MOST_BYTES = 8 * 1024 * 1024  # of lines not written yet: some seconds of a busy server's
CLOSE_S = 2.0  # seconds that the last lines get


class LineWriter:
    """`write` and `close` belong to the loop's thread."""

    def __init__(self, descriptor: int, most_bytes: int = MOST_BYTES) -> None:
        self.dropped = 0  # lines
        self._descriptor = descriptor
        self._most_bytes = most_bytes
        self._loop = asyncio.get_running_loop()
        self._lines: list[bytes] = []
        self._taken_bytes = 0
        self._done_bytes = 0  # the thread's
        self._timer: asyncio.TimerHandle | None = None
        self._batches: SimpleQueue[Sequence[bytes] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def write(self, line: bytes) -> None:
        """Takes a line with its line break, or drops it where too much waits."""
        if self._taken_bytes - self._done_bytes + len(line) > self._most_bytes:
            self.dropped += 1
            return
        self._taken_bytes += len(line)
        self._lines.append(line)
        if self._timer is None:
            self._timer = self._loop.call_later(FLUSH_S, self._hand_over)

    def close(self) -> None:
        """Writes what is left, as far as the reader takes it within CLOSE_S."""
        if self._timer is not None:
            self._timer.cancel()
        self._hand_over()
        self._batches.put(None)
        self._thread.join(CLOSE_S)

    def _hand_over(self) -> None:
        self._timer = None
        if self._lines:
            self._batches.put(self._lines)
            self._lines = []

    def _run(self) -> None:
        while (lines := self._batches.get()) is not None:
            for packet in packets(lines):
                with contextlib.suppress(OSError):  # nobody reads any more: the log ends, the server does not
                    write_whole(self._descriptor, packet)
                self._done_bytes += len(packet)


def packets(lines: Iterable[bytes], most_bytes: int = select.PIPE_BUF) -> Iterator[bytes]:
    """Lines joined to what a pipe takes in one piece: those of other processes then come between whole lines only."""
    packet = b""
    for line in lines:
        if packet and len(packet) + len(line) > most_bytes:
            yield packet
            packet = b""
        packet += line
    if packet:
        yield packet


def write_whole(descriptor: int, data: bytes) -> None:
    """Writes all of it, however little a call takes."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
