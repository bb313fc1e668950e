"""`WorkerLedger`: what the service's own code measured, over all workers that are or were."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.merge import joined, merge, remains_of

ASK_S = 0.5  # seconds that workers get to tell their figures when the page is read; a busy one's last word stands


@dataclass(slots=True)
class _Worker:
    number: int
    ask: Callable[[], Awaitable[object]]
    families: Sequence[Family] = field(default_factory=list)


class WorkerLedger:
    """Workers are told apart by their process ids; numbers, from 1, are given again when they are free."""

    def __init__(self) -> None:
        self._living: dict[int, _Worker] = {}
        self._departed: list[Family] = []
        self._read_here: Callable[[], Sequence[Family]] | None = None

    def measure_here(self, read: Callable[[], Sequence[Family]]) -> None:
        """The service runs in this process; `read` tells what it measured."""
        self._read_here = read

    def join(self, pid: int, ask: Callable[[], Awaitable[object]]) -> None:
        """A worker process is there; `ask` returns when it has told its figures (or will not)."""
        taken = {worker.number for worker in self._living.values()}
        self._living[pid] = _Worker(min(set(range(1, len(taken) + 2)) - taken), ask)

    def tell(self, pid: int, families: Sequence[Family]) -> None:
        """What the worker has measured in its whole life so far."""
        if pid in self._living:
            self._living[pid].families = families

    def leave(self, pid: int) -> None:
        """The worker has ended; what it counted stays."""
        worker = self._living.pop(pid, None)
        if worker is not None:
            self._departed = joined([*self._departed, *remains_of(worker.families)])

    def pids(self) -> dict[int, int]:
        """The process id of each worker by its number."""
        return {worker.number: pid for pid, worker in self._living.items()}

    async def refresh(self) -> None:
        """Asks every worker that measures anything, and waits for ASK_S at most."""
        asking = [asyncio.ensure_future(one.ask()) for one in self._living.values() if one.families]
        if not asking:
            return
        _, pending = await asyncio.wait(asking, timeout=ASK_S)
        for late in pending:
            late.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def families(self) -> list[Family]:
        """All that was measured, merged."""
        living = {worker.number: worker.families for worker in self._living.values()}
        if self._read_here is not None:
            living[1] = self._read_here()
        return merge(self._departed, living)
