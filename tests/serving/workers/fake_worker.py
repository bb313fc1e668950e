"""`FakeWorker`: a worker in the test's hands: calls wait until the test answers them or lets the worker die."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ekiben.serving.batching.audience import Audience
from ekiben.serving.wire import JSON, Answer, Call, Payload, Reply
from ekiben.serving.workers.health import WELL, Health
from ekiben.serving.workers.worker import WorkerDied, WorkerGone

POISON = b"poison"
OK = Reply(200, Payload(JSON, b"true"))


class FakeWorker:
    """Answers at once unless `holds`; dies of a call whose body is POISON; with `failure`, does not start.

    One that `is_stuck` answers no probe, as a process that was stopped. One that `is_immortal` cannot be aborted.
    """

    def __init__(
        self,
        *,
        holds: bool = False,
        failure: Exception | None = None,
        is_stuck: bool = False,
        starts_in_s: float = 0.0,
    ) -> None:
        self.runs: list[list[bytes]] = []
        self.release = asyncio.Event()
        self.is_stuck = is_stuck
        self.is_starting = False
        self.is_immortal = False
        self.aborts = 0
        self.health = WELL
        self.memory = 0
        self._failure = failure
        self._starts_in_s = starts_in_s
        self._dead = asyncio.Event()
        if not holds:
            self.release.set()

    async def start(self) -> Health:
        self.is_starting = True
        await asyncio.sleep(self._starts_in_s)
        self.is_starting = False
        if self._failure is not None:
            raise self._failure
        return self.health

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        if self._dead.is_set():
            raise WorkerGone("gone")
        self.runs.append([bytes(call.payload.body) for call in calls])
        if any(call.payload.body == POISON for call in calls):
            self.die()
        released = asyncio.create_task(self.release.wait())
        died = asyncio.create_task(self._dead.wait())
        await asyncio.wait([released, died], return_when=asyncio.FIRST_COMPLETED)
        if self._dead.is_set():
            raise WorkerDied("died")
        return [OK for _ in calls]

    async def stream(self, endpoint: str, call: Call) -> Answer:
        return (await self.run(endpoint, [call]))[0]

    async def probe(self) -> Health:
        if self._dead.is_set():
            raise WorkerDied("died")
        if self.is_stuck:
            await self._dead.wait()
        return self.health

    async def wait_closed(self) -> None:
        await self._dead.wait()

    async def stop(self) -> None:
        self.die()

    async def wait_idle(self) -> None:
        return

    @property
    def served(self) -> int:
        return sum(len(run) for run in self.runs)

    def memory_bytes(self) -> int:
        return self.memory

    def abort(self) -> None:
        self.aborts += 1
        if not self.is_immortal:
            self.die()

    def is_dead(self) -> bool:
        """Whether it died or was stopped."""
        return self._dead.is_set()

    def die(self) -> None:
        """Ends the worker in the middle of whatever it does."""
        self._dead.set()


def call_of(body: bytes = b"x", endpoint: str = "predict") -> Call:
    """A call with this body."""
    return Call(endpoint, Payload(JSON, body), "id")


def nobody() -> None:
    """A claimant that wants no slot of those that are offered."""
