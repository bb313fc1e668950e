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

MAX_CONNECTIONS = 1000
OPENED_FIRST = 64
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
    late_p99_s: float  # of sending, where a connection was free
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
    return uvloop.run(_Replay(port, arrivals, [message(path, body) for body in bodies]).run())


@dataclass(slots=True)
class _Replay:
    port: int
    arrivals: Sequence[float]
    messages: Sequence[bytes]
    begun: float = 0.0
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    connections: set[Connection] = field(default_factory=set)
    idle: list[Connection] = field(default_factory=list)  # the one used last goes first
    waiting: deque[int] = field(default_factory=deque)  # due, and no connection free
    under_way: deque[Connection] = field(default_factory=deque)
    opening: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self) -> Replayed:
        await asyncio.gather(*(self._open() for _ in range(OPENED_FIRST)))
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
        for connection in list(self.connections):
            connection.abort()
        late = sorted(self.late) or [0.0]
        return Replayed(
            [self.outcomes[number] for number in range(len(self.arrivals))], late[len(late) * 99 // 100], busy
        )

    def _begin(self, number: int) -> None:
        if connection := self._free():
            self.late.append(time.perf_counter() - self.begun - self.arrivals[number])
            self._send(connection, number)
            return
        self.waiting.append(number)
        if len(self.connections) + len(self.opening) < MAX_CONNECTIONS:
            task = asyncio.get_running_loop().create_task(self._open())
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    def _free(self) -> Connection | None:
        while self.idle:
            connection = self.idle.pop()
            if connection.is_open:
                return connection
            self.connections.discard(connection)  # the server closed it
        return None

    def _send(self, connection: Connection, number: int) -> None:
        connection.send(self.messages[number], number)
        self.under_way.append(connection)

    async def _open(self) -> None:
        connection = Connection(self._answered)
        self.connections.add(connection)
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", self.port)
        except OSError:
            self.connections.discard(connection)
            return
        self._next(connection)

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        self._end(connection.request, status, body)
        if status == BROKEN:
            self.connections.discard(connection)
        else:
            self._next(connection)

    def _next(self, connection: Connection) -> None:
        if self.waiting:
            self._send(connection, self.waiting.popleft())
        else:
            self.idle.append(connection)

    def _end(self, number: int, status: int, body: bytes) -> None:
        self.outcomes[number] = Outcome(status, body, time.perf_counter() - self.begun - self.arrivals[number])

    def _give_up(self) -> None:
        """Ends what has waited too long, in the order of arrival."""
        oldest_s = time.perf_counter() - self.begun - PATIENCE_S
        while self.waiting and self.arrivals[self.waiting[0]] < oldest_s:
            self._end(self.waiting.popleft(), BROKEN, b"")
        while self.under_way:
            number = self.under_way[0].request
            if number not in self.outcomes and self.arrivals[number] >= oldest_s:
                return
            connection = self.under_way.popleft()
            if number not in self.outcomes:
                connection.abort()
