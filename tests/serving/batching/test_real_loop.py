"""The batcher on the loops that it will run on, with a model that keeps a thread busy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import msgspec
import pytest
import uvloop

from ekiben.errors import Overloaded
from ekiben.serving.batching.audience import Audience
from ekiben.serving.batching.batcher import Batcher
from ekiben.serving.batching.joining import BatchPolicy
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.declare.api import api
from ekiben.serving.declare.service import service
from ekiben.serving.execution.executor import Executor
from ekiben.serving.wire import JSON, Call, Payload, Reply

if TYPE_CHECKING:
    from tests.serving.batching.conftest import CountedSlots, World

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]

CALL_S = 0.01  # seconds that one call of `Slow` takes, whatever its rows
POISON = "poison"


class Slow:
    """A model that one bad item makes fail, for all of its batch."""

    @api(batchable=True)
    def predict(self, x: list[str]) -> list[int]:
        time.sleep(CALL_S)
        if POISON in x:
            raise ValueError(POISON)
        return [len(one) for one in x]


def call(name: str) -> Call:
    """A call that its reply can be told by."""
    return Call("predict", Payload("text/plain", name.encode()), name)


@pytest.mark.parametrize("new_loop", LOOPS)
def test_clients_in_a_loop_all_get_their_replies(
    make_world: Callable[..., World], new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    world = make_world()
    slots: CountedSlots = world.slots

    def model(calls: list[Call]) -> list[Reply]:
        time.sleep(0.001)
        return [Reply(200, one.payload) for one in calls]

    async def work(threads: ThreadPoolExecutor) -> None:
        async def run(slot: int, calls: list[Call], _: Audience) -> list[Reply]:
            return await asyncio.get_running_loop().run_in_executor(threads, model, calls)

        async def client(number: int) -> None:
            for index in range(20):
                reply = await batcher.submit(call(f"{number} {index}"))
                assert isinstance(reply, Reply)
                assert reply.payload.body == f"{number} {index}".encode()

        batcher = Batcher(BatchPolicy(BatchOptions(max_batch_size=16)), slots, run, observer=world.diary, timeout_s=30)
        await asyncio.gather(*(client(number) for number in range(40)))
        await batcher.close(drain=True)
        with pytest.raises(Overloaded):
            await batcher.submit(call("late"), 1)

    with ThreadPoolExecutor(1) as threads, asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work(threads))
    assert sum(rows for rows, _, _ in world.diary.batches) == 800
    assert len(world.diary.batches) < 400
    assert world.diary.finished == len(world.diary.batches)


@pytest.mark.parametrize("new_loop", LOOPS)
def test_after_poisoned_batches_a_large_request_is_still_served(
    make_world: Callable[..., World], new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    world = make_world()
    options = BatchOptions(max_batch_size=16, max_latency_s=33 * CALL_S)
    executor = Executor(service(Slow), Slow(), batching={"predict": options})

    async def run(slot: int, calls: list[Call], _: Audience) -> list[Reply]:
        return await executor.run("predict", calls)

    async def work() -> None:
        batcher = Batcher(BatchPolicy(options), world.slots, run, observer=world.diary)

        async def ask(*x: str) -> int:
            body = msgspec.json.encode({"x": x})
            return (await batcher.submit(Call("predict", Payload(JSON, body), "request"), len(x))).status

        for _ in range(5):
            assert await ask("fine") == 200
        for _ in range(10):
            answers = await asyncio.gather(*(ask("fine" if index % 5 else POISON) for index in range(16)))
            assert answers.count(200) == 12
        for _ in range(5):
            assert await ask(*["fine"] * 40) == 200
        await batcher.close(drain=True)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work())
        runner.run(executor.stop())
