"""A storm over two services: callees are killed and stopped, clients leave, deadlines pass.

    ComposedStorm    the clients, the killer and the stopper, until so many events have happened
    Record           what was done, what was answered and how late, and what is wrong with it
    Wreckage         the record, with the census of the process tree at rest before and after it

The law: whoever stays is answered, by the right value or by an error that fits, within the deadline. Which errors fit:
504 where the deadline has passed, 503 where the callee is down, which names it, 500 where a call has met two deaths.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import uvloop

from tests.serving.chaos.client import Answer, Client, Lost, post
from tests.serving.chaos.process_tree import Census, census, count_blocks, is_running
from tests.serving.server_process import ServerProcess, eventually

TIMEOUT_S = 1.0  # the caller's: every call's deadline
LATE_S = 2.0  # seconds by which a busy machine may be late with an answer
LONGEST_STAY_S = 0.05  # of a client that leaves
LEAVING_SHARE = 0.15  # of the clients; all that ask for a stream leave in the middle of it
LONGEST_PAUSE_S = 0.01  # between two requests of a client
WORKERS = 2  # of the callee
MOST_BLOCKS = 16  # of shared memory that a process keeps, lent or borrowed

SERVICE = f"""
import asyncio, os, time
from collections.abc import AsyncIterator
from pathlib import Path
import numpy as np
import ekiben

@ekiben.service(workers={WORKERS}, threads=2)
class Callee:
    def __init__(self) -> None:
        with Path(os.environ["CHAOS_PIDS"]).open("a") as file:
            file.write(f"{{os.getpid()}}\\n")

    @ekiben.api(batchable=True, max_batch_size=16)
    def square(self, numbers: list[int]) -> list[int]:
        time.sleep(0.002)
        return [number * number for number in numbers]

    @ekiben.api
    def corner(self, array: np.ndarray) -> int:
        return int(array[-1])

    @ekiben.api
    async def nap(self, seconds: float) -> float:
        await asyncio.sleep(seconds)
        return seconds

    @ekiben.api
    async def count(self, until: int) -> AsyncIterator[int]:
        for number in range(until):
            await asyncio.sleep(0.001)
            yield number

@ekiben.service(workers=2, threads=16, traffic={{"timeout": {TIMEOUT_S}}})
class Caller:
    callee = ekiben.depends(Callee)

    @ekiben.api
    async def ask(self, number: int) -> int:
        return (await self.callee.to_async.square([number]))[0]

    @ekiben.api
    def ask_sync(self, number: int) -> int:
        return self.callee.square([number])[0]

    @ekiben.api
    async def send(self, number: int) -> int:
        return await self.callee.to_async.corner(np.full(200_000, number))

    @ekiben.api
    async def nap(self, number: int) -> float:
        return await self.callee.to_async.nap(3600.0)

    @ekiben.api
    async def tell(self, number: int) -> AsyncIterator[int]:
        async for one in self.callee.to_async.count(1000):
            yield one
"""
RIGHT = {"/ask": lambda one: one * one, "/ask_sync": lambda one: one * one, "/send": lambda one: one}
ROUTES = ("/ask", "/ask_sync", "/send", "/nap", "/tell")


@dataclass(frozen=True, slots=True)
class ComposedPlan:
    """Ends after `events`: departures, passed deadlines, kills and stops. Seconds are between two of a kind."""

    events: int
    kill_every_s: float
    stop_every_s: float
    clients: int = 40
    seed: int = 1


@dataclass(slots=True)
class Record:
    """`answered` counts by route and status; `latest_s` is the longest that a client which stayed has waited."""

    left: int = 0
    deadlines: int = 0
    kills: int = 0
    stops: int = 0
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    latest_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def events(self) -> int:
        """What has gone wrong so far, on purpose."""
        return self.left + self.deadlines + self.kills + self.stops

    def judge(self, route: str, number: int, answer: Answer, took_s: float) -> None:
        """Writes an answer down, and what is wrong with it."""
        self.answered[route, answer.status] += 1
        self.deadlines += answer.status == 504
        self.latest_s = max(self.latest_s, took_s)
        if took_s > TIMEOUT_S + LATE_S:
            self.faults.append(f"{route} of {number} took {took_s:.1f} s")
        if not _fits(route, number, answer):
            self.faults.append(f"{route} of {number} was answered {answer}")


def _fits(route: str, number: int, answer: Answer) -> bool:
    match answer.status:
        case 200:
            return route in RIGHT and answer.body == str(RIGHT[route](number)).encode()
        case 503:
            return b"Callee" in answer.body
        case status:
            return status in (500, 504)


class ComposedStorm:
    """`pids` is where the callee's processes write down their own."""

    def __init__(self, server: ServerProcess, plan: ComposedPlan, pids: Path) -> None:
        url = httpx.URL(server.url)
        self._address = (url.host, url.port or 80)
        self._plan = plan
        self._pids = pids
        self._record = Record()
        self._is_over = asyncio.Event()

    def blow(self) -> Record:
        """Runs to the end of the plan; returns when every client has its last answer."""
        uvloop.run(self._blow())
        return self._record

    async def _blow(self) -> None:
        seeds = random.Random(self._plan.seed)
        clients = [self._be_client(random.Random(seeds.random())) for _ in range(self._plan.clients)]
        trouble = [asyncio.create_task(one) for one in (self._kill(seeds), self._stop(seeds))]
        await asyncio.gather(*clients)
        await asyncio.gather(*trouble)

    async def _be_client(self, chance: random.Random) -> None:
        client = Client(*self._address)
        while self._record.events < self._plan.events:
            route = chance.choices(ROUTES, (55, 20, 5, 15, 5))[0]
            number = chance.randrange(1_000_000)
            if route == "/tell" or chance.random() < LEAVING_SHARE:
                await self._ask_and_leave(client, route, number, chance.uniform(0, LONGEST_STAY_S))
            else:
                await self._ask(client, route, number)
            await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_S))
        client.leave()
        self._is_over.set()

    async def _ask(self, client: Client, route: str, number: int) -> None:
        begun_s = time.monotonic()
        try:
            answer = await asyncio.wait_for(client.ask(post(route, {"number": number})), 60)
        except (Lost, OSError) as error:  # a timeout is an OSError, too
            self._record.faults.append(f"{route} of {number} was lost: {error!r}")
            client.leave()
        else:
            self._record.judge(route, number, answer, time.monotonic() - begun_s)

    async def _ask_and_leave(self, client: Client, route: str, number: int, stay_s: float) -> None:
        await client.send(post(route, {"number": number}))
        await asyncio.sleep(stay_s)
        client.leave()
        self._record.left += 1

    async def _ends_within(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_over.wait(), seconds)
        return self._is_over.is_set()

    def _callees(self) -> list[int]:
        return sorted({pid for pid in map(int, self._pids.read_text().split()) if is_running(pid)})

    async def _kill(self, chance: random.Random) -> None:
        """One of the callee's processes, and every fourth time all of them."""
        while not await self._ends_within(self._plan.kill_every_s):
            running = self._callees()
            for pid in running if chance.random() < 0.25 else running[:1]:
                os.kill(pid, signal.SIGKILL)
                self._record.kills += 1

    async def _stop(self, chance: random.Random) -> None:
        """One of the callee's processes hangs for a while, which may be longer than any deadline."""
        while not await self._ends_within(self._plan.stop_every_s):
            for pid in chance.sample(running := self._callees(), min(1, len(running))):
                os.kill(pid, signal.SIGSTOP)
                self._record.stops += 1
                await asyncio.sleep(chance.uniform(0.05, 1.5 * TIMEOUT_S))
                if is_running(pid):
                    os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True, slots=True)
class Remains:
    """What a tree at rest holds. `blocks` are descriptors of shared memory, which is kept to be used again: some more
    or less of it by chance, up to a bound; `others` are all other descriptors."""

    census: Census
    blocks: int
    others: int


@dataclass(frozen=True, slots=True)
class Wreckage:
    """`before` is the tree at rest, warm, before the storm; `after` the same after it."""

    record: Record
    before: Remains
    after: Remains

    def growth(self) -> float:
        """By what share of itself the tree's own memory has grown."""
        return self.after.census.own_bytes / self.before.census.own_bytes - 1


def survive(server: ServerProcess, plan: ComposedPlan, pids: Path) -> Wreckage:
    """A fifth of the storm to warm up, then the storm; both end when the server is at rest and whole again."""
    processes = len(census(server.process.pid).pids)
    ComposedStorm(server, replace(plan, events=plan.events // 5), pids).blow()
    before = _at_rest(server, processes)
    record = ComposedStorm(server, plan, pids).blow()
    return Wreckage(record, before, _at_rest(server, processes))


def _at_rest(server: ServerProcess, processes: int) -> Remains:
    """What is there once nothing is under way and all workers are up."""
    eventually(lambda: _under_way(server) == 0, within_s=60)
    eventually(lambda: len(census(server.process.pid).pids) == processes, within_s=60)
    eventually(lambda: server.client.get("/readyz").status_code == 200, within_s=60)
    found = census(server.process.pid)
    blocks = sum(count_blocks(pid) for pid in found.pids)
    return Remains(found, blocks, found.files - blocks)


def _under_way(server: ServerProcess) -> float:
    """Requests and calls, of both services, that have not ended."""
    lines = server.client.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("ekiben_request_in_progress{"))
