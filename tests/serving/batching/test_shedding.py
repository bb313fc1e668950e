"""Nothing valid is refused for long because a prediction is wrong: the rule's laws, and a batcher that was misled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import Overloaded
from ekiben.serving.batching import adaptive
from ekiben.serving.batching.cost import TRUSTED_S, CostModel, Fit
from ekiben.serving.batching.learned import Learned
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.batching.rule import decide
from ekiben.serving.batching.sizing import latency_limit_s
from ekiben.serving.batching.view import NEVER, Dispatch, Member, QueueView, Shed, Wait
from ekiben.serving.wire import Reply

if TYPE_CHECKING:
    from tests.serving.batching.conftest import World

MakeWorld = Callable[..., "World"]

NOW_S = 1000.0

wrong_fits = st.builds(Fit, st.floats(1e-6, 1e4), st.floats(0, 1e4), st.floats(0, 1e4))
options = st.builds(
    BatchOptions,
    max_batch_size=st.integers(1, 64),
    max_latency_s=st.floats(0.001, 60),
    deadline_s=st.none() | st.floats(0.001, 5),
    strategy=st.sampled_from(["adaptive", "fixed"]),
)
member_lists = st.lists(st.builds(Member, st.floats(NOW_S - 3, NOW_S), st.integers(1, 90)), min_size=1, max_size=20)


def view_of(options: BatchOptions, fit: Fit, members: list[Member], **more: object) -> QueueView:
    """A queue under a model that was confirmed just now, however wrong."""
    members = sorted(members, key=lambda one: one.arrival_s)
    cost = CostModel(fit=fit, seen_rows=64, observed_s=NOW_S)
    view = QueueView(NOW_S, options, tuple(members), sum(one.rows for one in members), Learned(cost=cost))
    return replace(view, **more)  # type: ignore[arg-type]


def limit_s(view: QueueView) -> float:
    """How long after its arrival a request must be answered."""
    if view.options.strategy == "fixed":
        return NEVER if view.options.deadline_s is None else view.options.deadline_s
    return latency_limit_s(view.options, view.learned.cost)[0]


@given(options, wrong_fits, member_lists)
def test_with_a_slot_and_no_backlog_only_what_is_late_already_is_shed(
    options: BatchOptions, fit: Fit, members: list[Member]
) -> None:
    view = view_of(options, fit, members)
    decision = decide(view)
    if isinstance(decision, Shed):
        for index in decision.indexes:
            assert view.now_s >= tuple(view.members)[index].arrival_s + limit_s(view)


@given(options, wrong_fits, member_lists)
def test_with_a_slot_and_something_in_time_a_batch_runs_whatever_is_predicted(
    options: BatchOptions, fit: Fit, members: list[Member]
) -> None:
    view = view_of(options, fit, [*members, Member(NOW_S, 90)], is_backlogged=True, is_draining=True)
    while isinstance(decision := decide(view), Shed):
        left = [one for index, one in enumerate(view.members) if index not in decision.indexes]
        view = replace(view, members=tuple(left), rows=sum(one.rows for one in left))
    assert isinstance(decision, Dispatch)


@given(options, wrong_fits, member_lists, st.booleans())
def test_a_model_that_nothing_confirms_sheds_only_what_is_late_already(
    options: BatchOptions, fit: Fit, members: list[Member], has_slot: bool
) -> None:
    view = view_of(options, fit, members, has_slot=has_slot, is_backlogged=True)
    cost = replace(view.learned.cost, observed_s=NOW_S - TRUSTED_S - 0.1)
    decision = decide(replace(view, learned=Learned(cost=cost)))
    if isinstance(decision, Shed):
        for index in decision.indexes:
            assert view.now_s >= tuple(view.members)[index].arrival_s + limit_s(view)


def test_what_is_late_anyway_rides_along_with_what_is_not() -> None:
    members = [Member(NOW_S - 0.095, 1), *[Member(NOW_S, 1)] * 30]
    view = view_of(BatchOptions(deadline_s=0.1), Fit(0.001, 0.01), members)
    assert decide(view) == Dispatch(31, "free")


def test_a_large_request_is_not_refused_by_sizes_that_were_never_run() -> None:
    view = view_of(BatchOptions(max_batch_size=16, deadline_s=1.0), Fit(0.3, 0.0), [Member(NOW_S, 40)], has_slot=False)
    seen_one = Learned(cost=replace(view.learned.cost, seen_rows=1))
    assert isinstance(adaptive.decide(view), Shed)
    decision = adaptive.decide(replace(view, learned=seen_one))
    assert isinstance(decision, Wait)
    assert decision.until_s == pytest.approx(NOW_S + 1.0 - 3 * 0.3)


def refusing(replies: list[Reply]) -> list[Reply]:
    """As a worker answers a batch with one bad item."""
    return [replace(replies[0], status=500), *replies[1:]]


def test_a_batch_that_was_run_again_in_parts_teaches_nothing(make_world: MakeWorld) -> None:
    async def work() -> None:
        for count in (1, 2, 3, 4, 5, 6, 7, 8):
            await world.ask_many(count)
        before = world.learned.cost
        world.spoil, world.b_s = refusing, 1.0
        for _ in range(10):
            await world.ask_many(8)
        assert world.learned.cost == before

    world = make_world()
    world.run(work())


async def mislead(world: World, b_s: float) -> None:
    """Teaches a fixed cost of `b_s`, with which every request is hopeless, and then makes the model fast."""
    fast_s, world.b_s = world.b_s, b_s
    for _ in range(15):
        await world.ask_many(1)
        await world.ask_many(2)
    world.b_s = fast_s


@pytest.mark.parametrize("strategy", ["adaptive", "cork", "fixed"])
def test_on_an_idle_server_no_request_is_refused_by_a_wrong_model(make_world: MakeWorld, strategy: str) -> None:
    async def work() -> None:
        await mislead(world, 1.2)
        for _ in range(30):
            assert isinstance(await world.ask(rows=40), Reply)
            await asyncio.sleep(1.0)

    more = {"max_latency_s": 1.0} if strategy == "cork" else {"max_latency_s": 0.1, "deadline_s": 1.0}
    world = make_world(BatchOptions(max_batch_size=16, strategy=strategy, **more))  # type: ignore[arg-type]
    world.run(work())
    assert world.diary.batches[-1][0] == 40


def test_under_steady_traffic_a_wrong_model_sheds_for_a_moment_only(make_world: MakeWorld) -> None:
    refused_s: list[float] = []

    async def one() -> None:
        try:
            await world.ask()
        except Overloaded:
            refused_s.append(world.loop.time())

    async def work() -> None:
        await mislead(world, 2.0)
        begun_s = world.loop.time()
        waiters = []
        for _ in range(4000):
            waiters.append(asyncio.ensure_future(one()))
            await asyncio.sleep(0.005)
        await asyncio.gather(*waiters)
        assert max(refused_s, default=begun_s) - begun_s < 0.1

    world = make_world(BatchOptions(deadline_s=1.0))
    world.run(work())


def test_a_slot_that_others_keep_busy_does_not_hide_that_a_model_is_wrong(make_world: MakeWorld) -> None:
    async def neighbour() -> None:
        while True:
            await other.ask()

    async def work() -> list[bool]:
        await mislead(world, 2.0)
        busy = [asyncio.ensure_future(neighbour()) for _ in range(4)]
        served = []
        for _ in range(40):
            answer = (await world.ask_many(1))[0]
            served.append(isinstance(answer, Reply))
            await asyncio.sleep(1.0)
        for task in busy:
            task.cancel()
        return served

    world = make_world(BatchOptions(deadline_s=1.0))
    other = make_world(BatchOptions(max_batch_size=1), shared=world.slots, loop=world.loop)
    served = world.run(work())
    assert all(served[int(TRUSTED_S) + 1 :])


def test_one_stall_sheds_nothing_afterwards(make_world: MakeWorld) -> None:
    async def work() -> None:
        for count in (1, 2, 3, 4, 5, 6, 7, 8):
            await world.ask_many(count)
        fast_s, world.b_s = world.b_s, 60.0
        await world.ask_many(8)
        world.b_s = fast_s
        await asyncio.gather(*(world.client(100, think_s=0.05) for _ in range(4)))

    world = make_world(BatchOptions(deadline_s=0.5))
    world.run(work())
    assert world.diary.sheds == {}
