"""How a batcher asks for slots that it shares: seldom, and without keeping what it does not use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from ekiben.serving.batching.options import BatchOptions

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World


def test_a_slot_is_free_for_others_while_a_batch_is_held(make_world: Callable[..., World]) -> None:
    async def work() -> None:
        held = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.01)
        assert world.batcher.queue_depth() == 1
        assert world.slots.left == 1
        await held

    world = make_world(BatchOptions(strategy="fixed", max_latency_s=1.0))
    world.run(work())


def test_several_slots_that_come_with_one_call_are_all_used(make_world: Callable[..., World]) -> None:
    async def work() -> None:
        waiters = asyncio.ensure_future(world.ask_many(6))
        await asyncio.sleep(0.001)
        world.slots.left = 3
        world.slots.offer()
        await asyncio.sleep(0.001)
        assert world.running == 3
        await waiters

    world = make_world(BatchOptions(max_batch_size=2), slots=0)
    world.run(work())


def test_waiting_for_a_busy_slot_is_not_holding(make_world: Callable[..., World]) -> None:
    async def work() -> None:
        first = asyncio.ensure_future(world.ask())
        await asyncio.sleep(0.001)
        await asyncio.gather(first, *(world.ask() for _ in range(3)))

    world = make_world()
    world.run(work())
    assert [reason for _, _, reason in world.diary.batches] == ["free", "free"]
    assert world.learned.holds.outcomes == ()
