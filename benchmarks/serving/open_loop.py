"""Open loop: requests are sent when the recorded arrivals say so, whether or not earlier ones are answered.

Latency counts from the intended moment, so that neither a stalled server nor a late generator flatters the figures. A
request that was not answered within the client's patience is given up, its connection closed, as a client would.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import uvloop

from benchmarks.serving.connection import BROKEN, Connection, message
from benchmarks.serving.samples import percentile

PATIENCE_S = 1.0
TICK_S = 0.001  # the finest that uvloop's timers know
MAX_LATE_S = 0.010  # of the 99th percentile; a generator later than that measures itself
MAX_BUSY = 0.9  # of a core


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request. Its number is its place among the arrivals."""

    status: int
    body: bytes
    latency_s: float  # from the intended moment


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of all, and how good the generator was."""

    outcomes: Sequence[Outcome]
    late_p99_s: float  # of sending
    busy: float  # share of a core that the generator used

    @property
    def is_sound(self) -> bool:
        """Whether the server was the bottleneck, and not the generator."""
        return self.late_p99_s <= MAX_LATE_S and self.busy <= MAX_BUSY


def replay(port: int, path: str, arrivals: Sequence[float]) -> Replayed:
    """Sends `{"rows": [number]}` at each arrival."""
    bodies = [b'{"rows": [%d]}' % number for number in range(len(arrivals))]
    gc.collect()
    gc.freeze()
    try:
        return uvloop.run(_Replay(port, arrivals, [message(path, body) for body in bodies]).run())
    finally:
        gc.unfreeze()


@dataclass(slots=True)
class _Replay:
    port: int
    arrivals: Sequence[float]
    messages: Sequence[bytes]
    begun: float = 0.0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    idle: list[Connection] = field(default_factory=list)  # the one used last goes first
    under_way: deque[tuple[int, Connection]] = field(default_factory=deque)  # by arrival; some are answered by now
    opening: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> Replayed:
        used, self.begun = time.process_time(), time.perf_counter() + 0.05
        for number, due in enumerate(self.arrivals):
            while (left := self.begun + due - time.perf_counter()) > 0:
                await asyncio.sleep(max(left, TICK_S))
                self._give_up()
            self._begin(number)
        busy = (time.process_time() - used) / (time.perf_counter() - self.begun)
        while len(self.outcomes) < len(self.arrivals):
            await asyncio.sleep(0.01)
            self._give_up()
        for connection in self.idle:
            connection.abort()
        ordered = [self.outcomes[number] for number in range(len(self.arrivals))]
        return Replayed(ordered, percentile(self.late, 0.99), busy)

    def _begin(self, number: int) -> None:
        """Sends a request, on a new connection where none is idle: none ever waits for another's answer."""
        self.late.append(self._age_s(number))
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open:
                connection.send(self.messages[number], number)
                self.under_way.append((number, connection))
                return
        connection = Connection(self._answered)
        connection.request = number
        self.under_way.append((number, connection))
        task = asyncio.get_running_loop().create_task(self._open(connection, number))
        self.opening.add(task)
        task.add_done_callback(self.opening.discard)

    async def _open(self, connection: Connection, number: int) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", self.port)
        except OSError:
            self._end(number, BROKEN, b"")
            return
        if number in self.outcomes:  # given up meanwhile
            connection.abort()
        else:
            connection.send(self.messages[number], number)

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        self._end(connection.request, status, body)
        if status != BROKEN:
            self.idle.append(connection)

    def _end(self, number: int, status: int, body: bytes) -> None:
        self.outcomes.setdefault(number, Outcome(status, body, self._age_s(number)))

    def _age_s(self, number: int) -> float:
        return time.perf_counter() - self.begun - self.arrivals[number]

    def _give_up(self) -> None:
        """Ends what has waited too long."""
        while self.under_way:
            number, connection = self.under_way[0]
            if number not in self.outcomes and self._age_s(number) < PATIENCE_S:
                return
            self.under_way.popleft()
            if number not in self.outcomes:
                self._end(number, BROKEN, b"")
                connection.abort()
