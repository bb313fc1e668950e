"""How many calls share a hop: none that are slow, few where other slots are free, never more than a budget's worth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import Overloaded
from ekiben.serving.batching.policy import Ended, Expectation
from ekiben.serving.batching.singles import BUDGET_S, MAX_GROUP, SinglesPolicy, group_size, usual_s
from ekiben.serving.wire import Reply

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World

durations = st.floats(0, 10)


@given(waiting=st.integers(1, 10_000), free_slots=st.integers(1, 64), call_s=st.none() | durations)
def test_a_group_is_within_the_budget_the_share_and_what_waits(
    waiting: int, free_slots: int, call_s: float | None
) -> None:
    count = group_size(waiting, free_slots, call_s)
    assert 1 <= count <= min(waiting, MAX_GROUP)
    assert count == 1 or (call_s is not None and count * call_s <= BUDGET_S)
    assert (count - 1) * free_slots < waiting


@given(waiting=st.integers(1, 1000), free_slots=st.integers(1, 8))
def test_all_free_slots_get_work_before_any_gets_two_shares(waiting: int, free_slots: int) -> None:
    left, slots, groups = waiting, free_slots, []
    while left and slots:
        groups.append(group_size(left, slots, 0.000001))
        left, slots = left - groups[-1], slots - 1
    assert len(groups) == min(waiting, free_slots)
    assert max(groups) - min(groups) <= 1


def test_one_stall_among_the_last_hops_does_not_count_but_two_do() -> None:
    assert usual_s([]) is None
    assert usual_s([0.00001] * 7 + [5.0]) == pytest.approx(0.00001)
    assert usual_s([0.00001] * 6 + [5.0, 5.0]) == pytest.approx(5.0)


def working(seconds: float) -> Callable[[list[Reply]], list[Reply]]:
    """As a worker answers that was so long at each call."""
    return lambda replies: [msgspec.structs.replace(reply, worked_s=seconds) for reply in replies]


def calls_of(world: World) -> list[int]:
    """How many calls each hop had."""
    return [requests for _, requests, _ in world.diary.batches]


def test_nothing_is_grouped_before_anything_is_known(make_world: Callable[..., World]) -> None:
    world = make_world(SinglesPolicy(), slots=2)
    world.run(world.ask_many(2))
    assert calls_of(world) == [1, 1]


def test_short_calls_share_a_hop_although_the_way_there_is_long(make_world: Callable[..., World]) -> None:
    async def work() -> None:
        await world.ask()
        await world.ask_many(130)

    world = make_world(SinglesPolicy(), b_s=0.05)
    world.spoil = working(0.00002)
    world.run(work())
    assert calls_of(world) == [1, 50, 50, 30]


def test_slow_calls_go_one_by_one(make_world: Callable[..., World]) -> None:
    async def work() -> None:
        await world.ask()
        await world.ask_many(5)

    world = make_world(SinglesPolicy())
    world.spoil = working(0.0006)
    world.run(work())
    assert calls_of(world) == [1] * 6


def test_a_call_that_was_not_measured_teaches_nothing() -> None:
    policy = SinglesPolicy()
    policy.ended(0.0, Ended(1, 1, 0.00001, went_well=False), Expectation())
    assert policy.refusal("closing", 100).retry_after_s == 1.0


def test_a_full_queue_says_when_to_come_back(make_world: Callable[..., World]) -> None:
    policy = SinglesPolicy()
    for _ in range(3):
        policy.ended(0.0, Ended(1, 1, 0.5, went_well=True, worked_s=0.5), Expectation())
    error = policy.refusal("queue_full", 20)
    assert isinstance(error, Overloaded)
    assert error.retry_after_s == pytest.approx(10.0)


def test_nothing_is_held_back_for_a_group(make_world: Callable[..., World]) -> None:
    async def work() -> None:
        await asyncio.gather(*(world.client(50) for _ in range(4)))

    world = make_world(SinglesPolicy(), slots=4)
    world.run(work())
    assert max(world.diary.waits_s) < 0.0001
