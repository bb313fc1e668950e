"""The batchers that are compared, each driven as its server drives it, over one model of duration `a * rows + b`.

ekiben's is the real `Batcher` with the real policy and rule; nothing is replaced but its clock, which is an argument.
BentoML's is the real `CorkDispatcher`, unmodified: since it asks `time.time()`, the name `time` in its two modules is
given a `time()` that reads the virtual loop; everything else that takes time in it goes through asyncio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

from bentoml._internal.marshal import dispatcher as bentoml_dispatcher
from bentoml._internal.utils import alg as bentoml_alg
from traffic import Ask
from virtual import VirtualLoop

from ekiben.errors import Overloaded
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.batcher import Batcher
from ekiben.serving.batching.joining import BatchPolicy
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.wire import Call, Payload, Reply
from ekiben.serving.workers.slots import Slot, SlotBoard

NOISE = 0.03  # standard deviation of the logarithm of a batch's duration
CALL = Call("predict", Payload("text/plain", b""), "")
REPLY = Reply(200, Payload("text/plain", b""))
WINDOW_S = 0.005  # seconds; what the course and most servers' examples set


@dataclass(frozen=True, slots=True)
class Setting:
    """The model's cost (seconds per row, per batch), the longest batch, the deadline, and what runs where."""

    a_s: float
    b_s: float
    max_batch_size: int
    deadline_s: float | None = None
    slots: int = 1
    apis: int = 1


class Model:
    """Takes its time, with a few percent of noise, the same noise for each contender."""

    def __init__(self, setting: Setting, seed: str) -> None:
        self._setting = setting
        self._random = Random(f"{seed}/service")

    async def __call__(self, rows: int) -> None:
        noise = self._random.lognormvariate(0.0, NOISE)
        await asyncio.sleep((self._setting.a_s * rows + self._setting.b_s) * noise)


class Unobserved:
    """An observer that notes nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def ekiben(options: BatchOptions, setting: Setting, loop: VirtualLoop, seed: str) -> Ask:
    """Our batcher: one per API, over slots that all share."""
    model = Model(setting, seed)
    board: SlotBoard[str] = SlotBoard(loop.time, loop.call_soon)
    board.add("worker", setting.slots)

    async def run(slot: Slot[str], calls: list[Call], audience: Audience) -> list[Reply]:
        await model(len(calls))
        return [REPLY] * len(calls)

    batchers = [
        Batcher(BatchPolicy(options), board, run, observer=Unobserved(), clock=loop.time) for _ in range(setting.apis)
    ]

    async def ask(api: int) -> bool:
        try:
            await batchers[api].submit(CALL, 1)
        except Overloaded:
            return False
        return True

    return ask


def adaptive(setting: Setting, loop: VirtualLoop, seed: str) -> Ask:
    """The default strategy."""
    return ekiben(BatchOptions(setting.max_batch_size, deadline_s=setting.deadline_s), setting, loop, seed)


def greedy(setting: Setting, loop: VirtualLoop, seed: str) -> Ask:
    """Whatever waits when a slot is free; what is late is dropped."""
    options = BatchOptions(setting.max_batch_size, 0.0, deadline_s=setting.deadline_s, strategy="fixed")
    return ekiben(options, setting, loop, seed)


def window(setting: Setting, loop: VirtualLoop, seed: str) -> Ask:
    """A fixed window of 5 ms."""
    options = BatchOptions(setting.max_batch_size, WINDOW_S, deadline_s=setting.deadline_s, strategy="fixed")
    return ekiben(options, setting, loop, seed)


def cork(setting: Setting, loop: VirtualLoop, seed: str) -> Ask:
    """CORK as we have written it."""
    limit_s = 60.0 if setting.deadline_s is None else setting.deadline_s
    return ekiben(BatchOptions(setting.max_batch_size, limit_s, strategy="cork"), setting, loop, seed)


def bentoml(setting: Setting, loop: VirtualLoop, seed: str) -> Ask:
    """BentoML's CORK: a dispatcher per worker, to which requests come by chance; a shared slot is its semaphore."""
    clock = SimpleNamespace(time=loop.time)
    bentoml_dispatcher.time = bentoml_alg.time = clock
    model = Model(setting, seed)
    coin = Random(f"{seed}/worker")
    semaphore = bentoml_dispatcher.NonBlockSema(1) if setting.apis > 1 else None

    async def run(inputs: Sequence[int]) -> Sequence[int]:
        await model(len(inputs))
        return inputs

    def dispatcher() -> Callable[[int], Any]:
        limit_ms = 60_000 if setting.deadline_s is None else setting.deadline_s * 1000
        made: Any = bentoml_dispatcher.CorkDispatcher(
            limit_ms,
            setting.max_batch_size,
            shared_sema=semaphore,
            fallback=lambda: None,
            get_batch_size=lambda _: 1,
        )
        return made(run)

    doors = [[dispatcher() for _ in range(setting.slots)] for _ in range(setting.apis)]

    async def ask(api: int) -> bool:
        workers = doors[api]
        door = workers[coin.randrange(len(workers))] if len(workers) > 1 else workers[0]
        return await door(1) is not None

    return ask


CONTENDERS = {"ekiben": adaptive, "bentoml": bentoml, "greedy": greedy, "window": window, "cork": cork}
