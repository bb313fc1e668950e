"""`Deadlines`: everything ends in its time, by one timer."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.serving.batching.deadlines import Deadlines

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World

TIMEOUT_S = 0.5
lives = st.lists(st.tuples(st.floats(0, 0.3), st.none() | st.floats(0, 1.0)), max_size=20)


def on(world: World, work: Callable[[Callable[[], float]], Coroutine[Any, Any, None]]) -> None:
    world.run(work(world.loop.time))


@given(lives=lives)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_has_not_ended_in_time_expires_then_and_nothing_else(
    make_world: Callable[..., World], lives: list[tuple[float, float | None]]
) -> None:
    expired: dict[int, float] = {}
    began: dict[int, float] = {}

    async def work(clock: Callable[[], float]) -> None:
        def expire(number: int) -> None:
            expired[number] = clock()

        deadlines: Deadlines[int] = Deadlines(TIMEOUT_S, expire, clock)
        loop = asyncio.get_running_loop()
        for number, (pause_s, lasts_s) in enumerate(lives):
            began[number] = clock()
            deadlines.add(number, clock())
            if lasts_s is not None:
                loop.call_later(lasts_s, deadlines.discard, number)
            await asyncio.sleep(pause_s)
        await asyncio.sleep(2 * TIMEOUT_S)
        assert len(deadlines) == 0

    on(make_world(), work)
    for number, (_, lasts_s) in enumerate(lives):
        if lasts_s is None or lasts_s > TIMEOUT_S + 0.001:
            assert expired[number] - began[number] == pytest.approx(TIMEOUT_S, abs=0.001)
        elif lasts_s < TIMEOUT_S - 0.001:
            assert number not in expired


def test_a_thousand_that_end_in_time_ring_once_and_not_again(make_world: Callable[..., World]) -> None:
    looks: list[float] = []

    async def work(clock: Callable[[], float]) -> None:
        def look() -> float:
            looks.append(clock())
            return clock()

        deadlines: Deadlines[int] = Deadlines(TIMEOUT_S, lambda one: None, look)
        for number in range(1000):
            deadlines.add(number, clock())
            deadlines.discard(number)
        await asyncio.sleep(10 * TIMEOUT_S)

    on(make_world(), work)
    assert len(looks) == 1


def test_an_infinite_time_is_never_over_and_a_closed_one_rings_no_more(make_world: Callable[..., World]) -> None:
    expired: list[str] = []

    async def work(clock: Callable[[], float]) -> None:
        endless: Deadlines[str] = Deadlines(math.inf, expired.append, clock)
        endless.add("endless", clock())
        closed: Deadlines[str] = Deadlines(TIMEOUT_S, expired.append, clock)
        closed.add("closed", clock())
        closed.close()
        await asyncio.sleep(10 * TIMEOUT_S)

    on(make_world(), work)
    assert expired == []
