"""A steady load below capacity, and the memory of the server's process tree meanwhile.

Arrivals are open loop: each is due at a moment that does not depend on the server, and goes out over whichever
connection is idle, or a new one. Capacity is what the same program gets in a closed loop, so that the load is one that
the program can offer.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import uvloop

from tests.serving.chaos.client import Client, Lost
from tests.serving.chaos.process_tree import Census, census
from tests.serving.chaos.services import Question
from tests.serving.server_process import ServerProcess

CLOSED_LOOP_CLIENTS = 48
ANSWER_WITHIN_S = 60.0
LONGEST_STAY_S = 0.04  # seconds that a client stays that leaves
MAX_CONNECTIONS = 512  # of the program; an arrival that finds all of them busy waits, and is counted as late
MAX_ASKING = 4 * MAX_CONNECTIONS  # requests; arrivals beyond are left out and counted: the program itself is too slow


@dataclass(frozen=True, slots=True)
class SteadyPlan:
    """`load` is a share of capacity. In the minute that begins at `leaving_from_s` 30 % of the clients leave."""

    seconds: float
    load: float = 0.7
    leaving_from_s: float = float("inf")
    leaving_for_s: float = 60.0
    leaving_share: float = 0.3
    seed: int = 1


@dataclass(slots=True)
class Course:
    """What happened: `samples` are `(seconds since the start, census)`, about one a second."""

    capacity_per_s: float
    answered: Counter[int] = field(default_factory=Counter)
    left: int = 0
    late: int = 0
    left_out: int = 0
    lost: list[str] = field(default_factory=list)
    samples: list[tuple[float, Census]] = field(default_factory=list)

    def growth(self, base: tuple[float, float], last_s: float, of: Callable[[Census], int]) -> float:
        """By what share of itself `of` grew from the seconds `base` to the last `last_s` seconds: medians of each."""
        end_s = self.samples[-1][0]
        first = [of(one) for at_s, one in self.samples if base[0] <= at_s <= base[1]]
        last = [of(one) for at_s, one in self.samples if at_s >= end_s - last_s]
        return statistics.median(last) / statistics.median(first) - 1


def run_steadily(server: ServerProcess, question: Question, plan: SteadyPlan, *, capacity_s: float = 5.0) -> Course:
    """Measures capacity for `capacity_s` seconds, then loads the server as planned."""
    url = httpx.URL(server.url)
    load = SteadyLoad(url.host, url.port or 80, question, plan)
    return uvloop.run(load.run(server.process.pid, capacity_s))


class SteadyLoad:
    """One run of a plan."""

    def __init__(self, host: str, port: int, question: Question, plan: SteadyPlan) -> None:
        self._address = (host, port)
        self._question = question
        self._plan = plan
        self._chance = random.Random(plan.seed)
        self._idle: list[Client] = []
        self._free = asyncio.Semaphore(MAX_CONNECTIONS)
        self._asking: set[asyncio.Task[None]] = set()
        self._course = Course(0.0)

    async def run(self, pid: int, capacity_s: float) -> Course:
        """Capacity, then load and samples."""
        self._course.capacity_per_s = await self._measure_capacity(capacity_s)
        begun_s = time.monotonic()
        sampling = asyncio.create_task(self._sample(pid, begun_s))
        await self._arrive(begun_s)
        await asyncio.gather(*self._asking)
        sampling.cancel()
        for client in self._idle:
            client.leave()
        return self._course

    async def _measure_capacity(self, seconds: float) -> float:
        """Requests a second in a closed loop; the first half of the time warms up and is not counted."""
        clients = [Client(*self._address) for _ in range(CLOSED_LOOP_CLIENTS)]
        begun_s = time.monotonic()
        counts = await asyncio.gather(*(self._ask_on(one, begun_s, seconds) for one in clients))
        self._idle += clients
        return sum(counts) / (seconds / 2)

    async def _ask_on(self, client: Client, begun_s: float, seconds: float) -> int:
        count = 0
        while (now_s := time.monotonic() - begun_s) < seconds:
            await client.ask(self._question.draw(self._chance))
            count += now_s >= seconds / 2
        return count

    async def _arrive(self, begun_s: float) -> None:
        """Poisson arrivals, in time: what is due is sent together after each sleep."""
        rate = self._plan.load * self._course.capacity_per_s
        due_s = 0.0
        while due_s < self._plan.seconds:
            now_s = time.monotonic() - begun_s
            while due_s <= now_s:
                due_s += self._chance.expovariate(rate)
                if len(self._asking) >= MAX_ASKING:
                    self._course.left_out += 1
                    continue
                is_leaving = 0 <= due_s - self._plan.leaving_from_s < self._plan.leaving_for_s
                leaves = is_leaving and self._chance.random() < self._plan.leaving_share
                asking = asyncio.create_task(self._ask(leaves=leaves))
                self._asking.add(asking)
                asking.add_done_callback(self._asking.discard)
            await asyncio.sleep(max(0.0, due_s - (time.monotonic() - begun_s)))

    async def _ask(self, *, leaves: bool) -> None:
        self._course.late += self._free.locked()
        async with self._free:
            client = self._idle.pop() if self._idle else Client(*self._address)
            within_s = self._chance.uniform(0, LONGEST_STAY_S) if leaves else ANSWER_WITHIN_S
            try:
                answer = await asyncio.wait_for(client.ask(self._question.draw(self._chance)), within_s)
                self._course.answered[answer.status] += 1
                self._idle.append(client)
            except (TimeoutError, Lost, OSError) as error:
                client.leave()
                if leaves:
                    self._course.left += 1
                else:
                    self._course.lost.append(repr(error))

    async def _sample(self, pid: int, begun_s: float) -> None:
        for second in itertools.count(1):
            await asyncio.sleep(max(0.0, second - (time.monotonic() - begun_s)))
            self._course.samples.append((time.monotonic() - begun_s, census(pid)))
