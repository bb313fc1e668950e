"""No sequence of events leaves a request waiting beside a free slot with nothing armed to change that.

The loop of these tests raises when it would sleep for ever, so a lost wake-up cannot hide.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ekiben.errors import RequestError
from ekiben.serving.batching.options import BatchOptions, Strategy
from ekiben.serving.batching.policy import Policy
from ekiben.serving.batching.singles import SinglesPolicy
from ekiben.serving.batching.slots import SlotLost
from ekiben.serving.wire import Reply

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World

pauses = st.sampled_from([0.0, 0.00005, 0.0004, 0.001, 0.007, 0.03, 1.0])
options = st.builds(
    BatchOptions,
    max_batch_size=st.integers(1, 8),
    max_latency_s=st.sampled_from([0.002, 0.05, 60.0]),
    deadline_s=st.sampled_from([None, None, 0.03, 0.2]),
    strategy=st.sampled_from([*get_args(Strategy), "fixed", "fixed"]),  # which waits most
)


def nobody() -> None:
    """Claims nothing."""


class BatcherLife(RuleBasedStateMachine):
    """Everything that may happen to a batcher, in any order."""

    def __init__(self, make_world: Callable[..., World], *, is_soon: bool) -> None:
        super().__init__()
        self.make_world = make_world
        self.is_soon = is_soon
        self.asked: list[asyncio.Future[Reply]] = []
        self.borrowed: list[int] = []

    @initialize(
        asks=options | st.builds(SinglesPolicy),
        slots=st.integers(1, 3),
        timeout_s=st.sampled_from([math.inf, math.inf, 0.001, 0.02]),
        waits_for_the_end=st.booleans(),
    )
    def begin(self, asks: BatchOptions | Policy, slots: int, timeout_s: float, *, waits_for_the_end: bool) -> None:
        self.waits_for_the_end = waits_for_the_end
        self.world = self.make_world(asks, slots=slots, max_queue_rows=30, timeout_s=timeout_s)
        self.world.slots.is_soon = self.is_soon
        self.total = slots

    def turn(self, pause_s: float = 0.0) -> None:
        """Lets the loop go on for so long, and then look at all that is ready."""
        self.world.run(asyncio.sleep(pause_s))
        self.world.run(asyncio.sleep(0))
        self.world.run(asyncio.sleep(0))

    @rule(count=st.integers(1, 6), rows=st.integers(1, 10))
    def ask(self, count: int, rows: int) -> None:
        for _ in range(count):
            self.asked.append(self.world.loop.create_task(self.world.ask(rows)))
        self.turn()

    @precondition(lambda self: self.asked)
    @rule(index=st.integers(0, 100))
    def give_up(self, index: int) -> None:
        self.asked[index % len(self.asked)].cancel()
        self.turn()

    @rule(pause_s=pauses)
    def pass_time(self, pause_s: float) -> None:
        self.turn(pause_s)

    @rule(fails=st.booleans())
    def change_the_model(self, fails: bool) -> None:
        self.world.failure = ValueError("no") if fails else None

    @rule(has_begun=st.booleans())
    def let_the_next_worker_die(self, *, has_begun: bool) -> None:
        self.world.deaths.append(SlotLost(has_begun=has_begun))

    @rule(keep=st.sampled_from([99, 1, 0]))
    def change_the_replies(self, keep: int) -> None:
        self.world.spoil = lambda replies: replies[:keep]

    @rule()
    def another_api_takes_a_slot(self) -> None:
        slot = self.world.slots.take(nobody)
        if slot is not None:
            self.borrowed.append(slot)

    @precondition(lambda self: self.borrowed)
    @rule()
    def another_api_gives_a_slot_back(self) -> None:
        slot = self.borrowed.pop()
        self.world.loop.call_soon(self.world.slots.give_back, slot)
        self.turn()

    @invariant()
    def waiting_beside_a_free_slot_has_an_end(self) -> None:
        """By itself: the loop raises where nothing would ever happen."""
        world = self.world
        while self.waits_for_the_end and world.batcher.queue_depth() and world.slots.left:
            waiting = [one for one in self.asked if not one.done()]
            world.run(asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED))
            self.turn()

    @invariant()
    def what_is_told_of_the_queue_is_true(self) -> None:
        assert self.world.diary.depth == self.world.batcher.queue_depth()

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        while self.borrowed:
            world.loop.call_soon(world.slots.give_back, self.borrowed.pop())
        world.run(self.finish())
        assert world.batcher.queue_depth() == 0
        assert world.slots.left == self.total
        assert world.running == 0

    async def finish(self) -> None:
        """Everybody gets an answer, without any further event."""
        answers = await asyncio.gather(*self.asked, return_exceptions=True)
        assert all(isinstance(one, Reply | RequestError | asyncio.CancelledError) for one in answers)
        await self.world.batcher.close(drain=True)


@pytest.mark.parametrize("is_soon", [False, True], ids=["offered at once", "offered soon"])
def test_no_wake_up_is_lost(make_world: Callable[..., World], *, is_soon: bool) -> None:
    run_state_machine_as_test(
        lambda: BatcherLife(make_world, is_soon=is_soon),  # type: ignore[arg-type]  # any factory will do
        settings=settings(max_examples=60, stateful_step_count=40, deadline=None),
    )
