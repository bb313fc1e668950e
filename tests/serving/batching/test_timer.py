"""The timer rings once, at its time, and can be moved."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import uvloop

from ekiben.serving.batching.timer import LOOP_GRAIN_S, WakeTimer

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World


@pytest.mark.parametrize("delay_s", [0.0, 0.0003, 0.0012, 0.004, 0.1, 30.0])
def test_it_rings_once_at_its_time(make_world: Callable[..., World], delay_s: float) -> None:
    world, rings = make_world(), []

    async def work() -> None:
        timer = WakeTimer(lambda: rings.append(world.loop.time()), world.loop.time)
        started_s = world.loop.time()
        timer.arm(started_s + delay_s)
        await asyncio.sleep(delay_s + 1)
        assert rings == [pytest.approx(started_s + delay_s, abs=0.0001)]

    world.run(work())


def test_it_can_be_moved_both_ways_and_stopped(make_world: Callable[..., World]) -> None:
    world, rings = make_world(), []

    async def work() -> None:
        timer = WakeTimer(lambda: rings.append(world.loop.time()), world.loop.time)
        timer.arm(1.0)
        timer.arm(3.0)
        await asyncio.sleep(2.0)
        assert rings == []
        timer.arm(2.5)
        await asyncio.sleep(2.0)
        assert rings == [pytest.approx(2.5, abs=0.001)]
        timer.arm(5.0)
        timer.disarm()
        await asyncio.sleep(10.0)
        assert len(rings) == 1

    world.run(work())


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_it_rings_on_a_real_loop_and_never_early(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def work() -> None:
        for delay_s in (LOOP_GRAIN_S / 4, LOOP_GRAIN_S * 1.5, LOOP_GRAIN_S * 8):
            rung = asyncio.Event()
            timer = WakeTimer(rung.set, time.monotonic)
            due_s = time.monotonic() + delay_s
            timer.arm(due_s)
            await rung.wait()
            assert time.monotonic() >= due_s

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(work())
