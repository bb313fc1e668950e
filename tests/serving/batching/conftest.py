"""A world for batchers: a loop whose time jumps, slots that count, an observer that remembers, a linear model.

Time passes only where the loop would sleep, so a test of seconds takes milliseconds and is the same on every machine.
A loop that would sleep for ever raises: that is what a lost wake-up looks like here.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Generator, Sequence
from typing import Any, TypeVar

import pytest

from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.batcher import Batcher
from ekiben.serving.batching.joining import BatchPolicy
from ekiben.serving.batching.learned import Learned
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.policy import Policy
from ekiben.serving.batching.slots import Claimant, SlotLost
from ekiben.serving.batching.view import DispatchReason, ShedCause
from ekiben.serving.wire import Call, Payload, Reply

T = TypeVar("T")

TURN_S = 0.00001  # seconds that one turn of the loop takes
OK = Reply(200, Payload("text/plain", b""))


class NothingWillHappen(Exception):
    """The loop has no callback, no timer and no socket left to wait for."""


class JumpingSelector(selectors.SelectSelector):
    """Waits for nothing: where it should sleep, it sets the clock forward."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillHappen
        self.now_s += max(timeout, TURN_S)
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop on a jumping clock."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


class CountedSlots:
    """So many slots. Freed ones are offered to all claimants in turn: at once, or `soon` as a pool may do it."""

    def __init__(self, count: int, *, is_soon: bool = False) -> None:
        self.left = count
        self.is_soon = is_soon
        self._claimants: list[Claimant] = []
        self._next = 0

    def free(self) -> int:
        return self.left

    def take(self, claimant: Claimant) -> int | None:
        if self.left == 0:
            return None
        self.left -= 1
        return self.left

    def give_back(self, slot: int) -> None:
        self.left += 1
        if self.is_soon:
            asyncio.get_running_loop().call_soon(self.offer)
        else:
            self.offer()

    def on_free(self, claimant: Claimant) -> None:
        self._claimants.append(claimant)

    def offer(self) -> None:
        self._next += 1
        for index in range(len(self._claimants)):
            self._claimants[(self._next + index) % len(self._claimants)]()


class Diary:
    """An observer that remembers everything."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, int, DispatchReason]] = []
        self.waits_s: list[float] = []
        self.finished = 0
        self.sheds: dict[ShedCause, int] = {}
        self.withdrawn = 0
        self.again = 0
        self.depth = 0

    def batch_started(
        self, rows: int, requests: int, waits_s: Sequence[float], reason: DispatchReason, predicted_s: float | None
    ) -> None:
        self.batches.append((rows, requests, reason))
        self.waits_s += waits_s

    def batch_finished(self, rows: int, service_s: float, predicted_s: float | None) -> None:
        self.finished += 1

    def shed(self, cause: ShedCause, count: int) -> None:
        self.sheds[cause] = self.sheds.get(cause, 0) + count

    def cancelled(self, count: int) -> None:
        self.withdrawn += count

    def retried(self, count: int) -> None:
        self.again += count

    def queue_depth(self, rows: int) -> None:
        self.depth = rows


class World:
    """One loop, one batcher, a model that takes `a_s * rows + b_s`, raises `failure` and may `spoil` its replies.

    `asks` is a policy or the options of a BatchPolicy.
    """

    def __init__(
        self, asks: BatchOptions | Policy, *, slots: int = 1, a_s: float = 0.001, b_s: float = 0.01, **more: Any
    ) -> None:
        self.loop = more.pop("loop", None) or VirtualLoop()
        self.slots = more.pop("shared", None) or CountedSlots(slots)
        self.diary = Diary()
        self.a_s, self.b_s = a_s, b_s
        self.failure: BaseException | None = None
        self.spoil: Callable[[list[Reply]], list[Reply]] = lambda replies: replies
        self.deaths: list[SlotLost] = []
        self.running = 0
        self.audience: Audience | None = None
        most = more.pop("max_queue_rows", None)
        self.policy = (
            BatchPolicy(asks, endpoint="predict", max_queue_rows=most) if isinstance(asks, BatchOptions) else asks
        )
        self.batcher = Batcher(self.policy, self.slots, self._model, observer=self.diary, clock=self.loop.time, **more)

    @property
    def learned(self) -> Learned:
        assert isinstance(self.policy, BatchPolicy)
        return self.policy.learned

    async def _model(self, slot: int, calls: list[Call], audience: Audience) -> list[Reply]:
        self.running += 1
        self.audience = audience
        try:
            await asyncio.sleep(self.a_s * sum(int(call.query) for call in calls) + self.b_s)
            if self.deaths:
                raise self.deaths.pop()
            if self.failure is not None:
                raise self.failure
            return self.spoil([Reply(200, Payload("text/plain", call.request_id.encode())) for call in calls])
        finally:
            self.running -= 1

    async def ask(self, rows: int = 1, *, name: str = "") -> Reply:
        call = Call("predict", Payload("text/plain", b""), name, query=str(rows))
        answer = await self.batcher.submit(call, rows)
        assert isinstance(answer, Reply)
        return answer

    async def ask_many(self, count: int, rows: int = 1) -> list[Reply | BaseException]:
        return await asyncio.gather(*(self.ask(rows) for _ in range(count)), return_exceptions=True)

    async def client(self, requests: int, think_s: float = 0.0002) -> None:
        """A closed-loop client: it asks again when it has its answer."""
        for _ in range(requests):
            await self.ask()
            await asyncio.sleep(think_s)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        self.loop.close()


@pytest.fixture
def make_world() -> Generator[Callable[..., World], None, None]:
    """Makes worlds, and ends them."""
    worlds: list[World] = []

    def make(asks: BatchOptions | Policy | None = None, **more: Any) -> World:
        worlds.append(World(asks or BatchOptions(), **more))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()
