"""A minute of everything at once: clients that leave, items that raise, workers that are killed.

    Storm        the clients and the killer, for as long as the plan says
    Ledger       what the clients sent and saw
    Aftermath    ledger, record of the runs, metrics and census, with the laws that they must keep

No item is in flight at two kills: the next one waits until what the last one met has been answered. An item present at
two deaths is refused by design, and here only the poisoned may fail.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvloop

from tests.serving.chaos.client import Answer, Client, Lost, Surplus, post
from tests.serving.chaos.process_tree import Census, census, is_running
from tests.serving.chaos.services import Runs, is_poison, read_runs
from tests.serving.server_process import ServerProcess, eventually

LONGEST_STAY_S = 0.04  # of a client that leaves: a batch takes 10 to 13 ms, so some leave before, some after
LONGEST_PAUSE_S = 0.02  # between two requests of a client
ANSWER_WITHIN_S = 60.0  # a request that takes longer is lost


@dataclass(frozen=True, slots=True)
class StormPlan:
    """`leaving_share` of the requests are given up; a worker is killed every `kill_every_s` seconds."""

    seconds: float
    kill_every_s: float = float("inf")
    clients: int = 40
    leaving_share: float = 0.3
    seed: int = 1


@dataclass(slots=True)
class Ledger:
    """`heads` counts requests whose head went out whole; those with their body, too, are `whole`."""

    heads: int = 0
    whole: int = 0
    left: int = 0
    kills: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def judge(self, number: int, answer: Answer) -> None:
        """Writes an answer down, and what is wrong with it."""
        self.answered[answer.status] += 1
        expected = Answer(500, answer.body) if is_poison(number) else Answer(200, f"[{number * number}]".encode())
        if answer != expected:
            self.faults.append(f"{number} was answered {answer}")


class Storm:
    """Every request asks for a number of its own, `numbers` says which are left."""

    def __init__(self, server: ServerProcess, plan: StormPlan, runs: Path, numbers: itertools.count[int]) -> None:
        url = httpx.URL(server.url)
        self._address = (url.host, url.port or 80)
        self._plan = plan
        self._runs = runs
        self._numbers = numbers
        self._waiting: set[int] = set()
        self._is_over = False
        self._ledger = Ledger()

    def blow(self) -> Ledger:
        """Runs to the end of the plan; returns when every client has its last answer."""
        uvloop.run(self._blow())
        return self._ledger

    async def _blow(self) -> None:
        seeds = random.Random(self._plan.seed)
        clients = [self._be_client(random.Random(seeds.random())) for _ in range(self._plan.clients)]
        killer = asyncio.create_task(self._kill(seeds))
        asyncio.get_running_loop().call_later(self._plan.seconds, self._end)
        await asyncio.gather(*clients)
        await killer

    def _end(self) -> None:
        self._is_over = True

    async def _be_client(self, chance: random.Random) -> None:
        client = Client(*self._address)
        while not self._is_over:
            number = next(self._numbers)
            if chance.random() < self._plan.leaving_share:
                await self._ask_and_leave(client, number, chance)
            else:
                await self._ask(client, number)
            await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_S))
        try:
            await client.finish()
        except Surplus as surplus:
            self._ledger.faults.append(f"an answer that nobody asked for: {surplus}")

    async def _ask(self, client: Client, number: int) -> None:
        self._waiting.add(number)
        self._ledger.heads += 1
        self._ledger.whole += 1
        try:
            answer = await asyncio.wait_for(client.ask(post("/square", {"numbers": [number]})), ANSWER_WITHIN_S)
        except (Lost, OSError) as error:
            self._ledger.faults.append(f"{number} was lost: {error!r}")
            client.leave()
        else:
            self._ledger.judge(number, answer)
        finally:
            self._waiting.discard(number)

    async def _ask_and_leave(self, client: Client, number: int, chance: random.Random) -> None:
        """Leaves within the head, within the body or after it; an answer that comes before that has to be right."""
        message = post("/square", {"numbers": [number]})
        head = message.index(b"\r\n\r\n") + 4
        cut = chance.choice([chance.randrange(1, head), chance.randrange(head, len(message)), len(message)])
        self._ledger.heads += cut >= head
        self._ledger.whole += cut == len(message)
        await client.send(message[:cut])
        try:
            answer = await asyncio.wait_for(client.read(), chance.uniform(0, LONGEST_STAY_S))
        except (TimeoutError, Lost):
            self._ledger.left += 1
            client.leave()
        else:
            self._ledger.judge(number, answer)

    async def _kill(self, chance: random.Random) -> None:
        due_s = time.monotonic() + self._plan.kill_every_s
        met: set[int] = set()
        while not self._is_over:
            await asyncio.sleep(0.02)
            if time.monotonic() < due_s or met & self._waiting:
                continue
            workers = [pid for pid in set(read_runs(self._runs).pids) if is_running(pid)]
            if workers:
                met = set(self._waiting)
                os.kill(chance.choice(sorted(workers)), signal.SIGKILL)
                self._ledger.kills += 1
                due_s = time.monotonic() + self._plan.kill_every_s


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`before` is the tree at rest, warm, before the storm; `after` the same after it. `metrics` are the whole page."""

    ledger: Ledger
    runs: Runs
    before: Census
    after: Census
    metrics: str

    def counted(self) -> dict[int, int]:
        """Requests by code, as the server counted them."""
        lines = [line for line in self.metrics.splitlines() if line.startswith("ekiben_request_total{")]
        return {int(line.partition('code="')[2][:3]): int(float(line.rsplit(" ", 1)[1])) for line in lines}

    def growth(self) -> float:
        """By what share of itself the tree's own memory has grown."""
        return self.after.own_bytes / self.before.own_bytes - 1


def endure(server: ServerProcess, plan: StormPlan, runs: Path, *, warm_up_s: float = 3.0) -> Aftermath:
    """A storm without kills to warm up, then the storm; returns when the server is at rest and whole again."""
    numbers = itertools.count(1)
    processes = len(census(server.process.pid).pids)
    warm_up = Storm(server, StormPlan(warm_up_s), runs, numbers).blow()
    before = _at_rest(server, processes)
    storm = Storm(server, plan, runs, numbers).blow()
    after = _at_rest(server, processes)
    page = server.client.get("/metrics").text
    return Aftermath(_joined(warm_up, storm), read_runs(runs), before, after, page)


def _at_rest(server: ServerProcess, processes: int) -> Census:
    """The census once nothing is under way and all workers are up."""
    eventually(lambda: server.metric("ekiben_request_in_progress") == 0, within_s=60)
    eventually(lambda: len(census(server.process.pid).pids) == processes, within_s=60)
    eventually(lambda: server.client.get("/readyz").status_code == 200, within_s=60)
    return census(server.process.pid)


def _joined(first: Ledger, second: Ledger) -> Ledger:
    return Ledger(
        first.heads + second.heads,
        first.whole + second.whole,
        first.left + second.left,
        first.kills + second.kills,
        first.answered + second.answered,
        first.faults + second.faults,
    )
