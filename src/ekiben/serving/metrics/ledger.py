"""`WorkerLedger`: what the service's own code measured, over all workers that are or were."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, TypeAlias

from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.merge import joined, merge, remains_of

RestartReason: TypeAlias = Literal["death", "hang", "lifetime"]
ASK_S = 0.5  # seconds that workers get to tell their figures when the page is read; a busy one's last word stands


class WorkerAccount:
    """What one worker process has told; `number` is its place among the workers, from 1."""

    def __init__(self, ledger: WorkerLedger, number: int) -> None:
        self.number = number
        self.pid = 0
        self.families: Sequence[Family] = ()
        self._ledger = ledger
        self._request: Callable[[], Awaitable[object]] | None = None

    def begin(self, pid: int, request: Callable[[], Awaitable[object]]) -> None:
        """The process is there; `request` returns when it has told its figures, or raises."""
        self.pid = pid
        self._request = request
        self._ledger.enter(self)

    def tell(self, families: Sequence[Family]) -> None:
        """What the worker has measured in its whole life so far."""
        self.families = families

    async def ask(self) -> None:
        """Has a worker that measures anything tell its figures; what it does not tell within ASK_S it told before."""
        if self.families and self._request is not None:
            asking = asyncio.ensure_future(self._request())
            await asyncio.wait([asking], timeout=ASK_S)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def end(self) -> None:
        """The worker has ended; what it counted stays."""
        self._request = None
        self._ledger.leave(self)


class WorkerLedger:
    """The accounts of the workers that are there, and what those that ended have left."""

    def __init__(self) -> None:
        self._open: list[WorkerAccount] = []
        self._departed: list[Family] = []
        self._read_here: Callable[[], Sequence[Family]] | None = None

    def measure_here(self, read: Callable[[], Sequence[Family]]) -> None:
        """The service runs in this process; `read` tells what it measured."""
        self._read_here = read

    def open(self, number: int) -> WorkerAccount:
        """The account of a new worker; for a while there may be two of one number, as one relieves the other."""
        return WorkerAccount(self, number)

    def enter(self, account: WorkerAccount) -> None:
        """The account's worker is there."""
        self._open.append(account)

    def leave(self, account: WorkerAccount) -> None:
        """The account's worker has ended; what it counted stays."""
        if account in self._open:
            self._open.remove(account)
            self._departed = joined([*self._departed, *remains_of(account.families)])

    def pids(self) -> dict[int, int]:
        """The process id of each worker by its number, the newer one's of two."""
        return {account.number: account.pid for account in self._open}

    async def refresh(self) -> None:
        """Asks all workers at once."""
        await asyncio.gather(*(account.ask() for account in self._open))

    def families(self) -> list[Family]:
        """All that was measured, merged."""
        living = [(account.number, account.families) for account in self._open]
        if self._read_here is not None:
            living.append((1, self._read_here()))
        return merge(self._departed, living)
