"""Laws of the decision, for any queue and any past, under each strategy."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TypeVar, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.batching.arrivals import KEPT_GAPS, RETURN_EDGES_S, Crowd, Gaps, Returns
from ekiben.serving.batching.cost import CostModel, Fit, Sample
from ekiben.serving.batching.learned import Learned
from ekiben.serving.batching.options import BatchOptions, Strategy
from ekiben.serving.batching.overload import Overload
from ekiben.serving.batching.record import HoldRecord
from ekiben.serving.batching.rule import STRATEGIES, decide, is_max_latency_too_low
from ekiben.serving.batching.sizing import latency_limit_s, latest_finish_s
from ekiben.serving.batching.view import Dispatch, Member, QueueView, Shed, Wait

T = TypeVar("T")

NOW_S = 1000.0
FIT = Fit(0.001, 0.01)

fits = st.builds(Fit, st.floats(1e-6, 0.1), st.floats(0, 1), st.floats(0, 0.01))
sample_lists = st.lists(st.builds(Sample, st.integers(1, 50), st.floats(0.0001, 1), st.floats(0, 1)), min_size=5)


def cost_of(fit: Fit | None, samples: list[Sample]) -> CostModel:
    """A model with that fit, or with these samples and none."""
    mean_rows = sum(one.rows for one in samples) / len(samples)
    mean_s = sum(one.service_s for one in samples) / len(samples)
    wait_s = sum(one.waited_s for one in samples) / len(samples)
    seen_rows = max(one.rows for one in samples)
    return CostModel(tuple(samples), 2, fit, mean_rows, mean_s, wait_s, NOW_S, seen_rows, NOW_S)


def gaps_of(recent: list[float]) -> Gaps:
    """The statistics of those gaps, the last arrival being now or a little before."""
    return Gaps(NOW_S - recent[0] / 2, recent, 0, sum(recent), 1.0)


def intervals(values: st.SearchStrategy[T]) -> st.SearchStrategy[list[T]]:
    """One value for each interval after a completion."""
    return st.lists(values, min_size=len(RETURN_EDGES_S), max_size=len(RETURN_EDGES_S))


learned = st.builds(
    Learned,
    cost=st.one_of(st.just(CostModel()), st.builds(cost_of, st.none() | fits, sample_lists)),
    gaps=st.one_of(st.just(Gaps()), st.lists(st.floats(1e-6, 1), min_size=1, max_size=KEPT_GAPS).map(gaps_of)),
    returns=st.builds(
        Returns,
        st.just(-math.inf) | st.floats(NOW_S - 0.1, NOW_S),
        st.integers(0, 60),
        st.integers(0, 60),
        came=intervals(st.floats(0, 20)),
        asked=intervals(st.sampled_from([0.0, 10.0, 60.0])),
        astray=st.sampled_from([0.0, 5.0]),
        mean_answered=st.floats(0, 60),
    ),
    crowd=st.builds(Crowd, st.integers(0, 60), st.integers(0, 60)),
    overload=st.builds(Overload, st.sampled_from([math.inf, 0.0]), st.integers(1, 3)),
    holds=st.builds(HoldRecord, suspended_until_s=st.sampled_from([0.0, NOW_S + 1])),
    batches=st.integers(0, 20),
)
options = st.builds(
    BatchOptions,
    max_batch_size=st.integers(1, 64),
    max_latency_s=st.floats(0.001, 60),
    deadline_s=st.none() | st.floats(0.001, 5),
    strategy=st.sampled_from(get_args(Strategy)),
)


@st.composite
def views(draw: st.DrawFn, strategy: Strategy | None = None) -> QueueView:
    """Any state of a queue."""
    chosen = draw(options)
    if strategy is not None:
        chosen = replace(chosen, strategy=strategy)
    ages = sorted(draw(st.lists(st.floats(0, 3), min_size=1, max_size=40)), reverse=True)
    members = tuple(Member(NOW_S - age, draw(st.integers(1, 9))) for age in ages)
    return QueueView(
        NOW_S,
        chosen,
        members,
        sum(member.rows for member in members),
        draw(learned),
        has_slot=draw(st.booleans()),
        running_requests=draw(st.integers(0, 20)),
        running_batches=draw(st.integers(0, 3)),
        held_since_s=draw(st.none() | st.floats(NOW_S - 1, NOW_S)),
        is_backlogged=draw(st.booleans()),
        is_draining=draw(st.booleans()),
    )


def rows_of(view: QueueView, decision: Dispatch) -> int:
    """The rows of the batch that was decided on."""
    return sum(member.rows for member in tuple(view.members)[: decision.count])


def test_every_strategy_that_can_be_asked_for_is_there() -> None:
    assert STRATEGIES.keys() == set(get_args(Strategy))


@given(views())
def test_the_same_view_gives_the_same_answer_and_is_only_read(view: QueueView) -> None:
    before = repr(view)
    assert decide(view) == decide(view)
    assert repr(view) == before


@given(views())
def test_no_batch_is_larger_than_allowed_unless_a_single_request_is(view: QueueView) -> None:
    decision = decide(view)
    if isinstance(decision, Dispatch):
        assert 1 <= decision.count <= len(view.members)
        assert decision.count == 1 or rows_of(view, decision) <= view.options.max_batch_size


@given(views())
def test_nothing_starts_without_a_slot(view: QueueView) -> None:
    assert view.has_slot or not isinstance(decide(view), Dispatch)


@given(views())
def test_with_a_slot_nothing_waits_without_an_end_or_beyond_max_latency(view: QueueView) -> None:
    decision = decide(view)
    if isinstance(decision, Wait) and view.has_slot:
        assert view.now_s < decision.until_s <= view.head.arrival_s + view.options.max_latency_s


@given(views())
def test_a_full_batch_does_not_wait(view: QueueView) -> None:
    if view.is_full and view.has_slot and view.learned.batches >= 11:
        assert not isinstance(decide(view), Wait)


@given(views())
def test_while_draining_nothing_is_held(view: QueueView) -> None:
    if view.is_draining and view.has_slot:
        assert not isinstance(decide(view), Wait)


@given(views())
def test_what_is_shed_is_in_the_queue(view: QueueView) -> None:
    decision = decide(view)
    if isinstance(decision, Shed):
        assert decision.indexes
        assert sorted(set(decision.indexes)) == list(decision.indexes)
        assert set(decision.indexes) <= set(range(len(view.members)))


@given(views("adaptive"))
def test_a_deadline_that_can_be_kept_is_not_broken(view: QueueView) -> None:
    limit_s, _ = latency_limit_s(view.options, view.learned.cost)
    due_s = view.head.arrival_s + limit_s
    match decide(view):
        case Dispatch() as decision if decision.count > 1:
            end_s = view.now_s + latest_finish_s(view.options, view.learned.cost, rows_of(view, decision))
            for member in tuple(view.members)[: decision.count]:
                alone_s = view.now_s + latest_finish_s(view.options, view.learned.cost, member.rows)
                limited_s = member.arrival_s + limit_s
                assert end_s <= limited_s + 1e-9 or alone_s > limited_s - 1e-9
        case Wait(until_s) if view.has_slot:
            assert until_s + latest_finish_s(view.options, view.learned.cost, view.rows) <= due_s
        case Shed(indexes, "overload"):
            assert view.is_backlogged or view.learned.overload.has_lasted(view.now_s, limit_s)
            assert len(indexes) < len(view.members)
        case Shed(indexes, _):
            for index in indexes:
                member = tuple(view.members)[index]
                finish_s = view.now_s + latest_finish_s(view.options, view.learned.cost, member.rows)
                assert finish_s >= member.arrival_s + limit_s - 1e-9
        case _:
            pass


@given(views("adaptive"))
def test_without_a_limit_nothing_is_shed(view: QueueView) -> None:
    unlimited = replace(view, options=replace(view.options, deadline_s=None, max_latency_s=1e9))
    known = replace(unlimited.learned, cost=CostModel())
    assert not isinstance(decide(replace(unlimited, learned=known)), Shed)


@given(views("adaptive"))
def test_nothing_is_held_for_a_lone_client(view: QueueView) -> None:
    lone = replace(view.learned, crowd=Crowd(1, 1), returns=Returns(NOW_S, 1, 1))
    if view.has_slot:
        assert not isinstance(decide(replace(view, learned=lone)), Wait)


@given(views("adaptive"))
def test_nothing_is_held_when_the_whole_crowd_is_there(view: QueueView) -> None:
    here = len(view.members) + view.running_requests
    learned_here = replace(view.learned, crowd=Crowd(here, here), returns=Returns(NOW_S, 1, 1))
    if view.has_slot:
        assert not isinstance(decide(replace(view, learned=learned_here)), Wait)


@given(views("fixed"))
def test_a_fixed_window_ends_when_it_says(view: QueueView) -> None:
    patient = replace(view, options=replace(view.options, deadline_s=None), is_draining=False, has_slot=True)
    end_s = view.head.arrival_s + view.options.max_latency_s
    if patient.is_full or view.now_s >= end_s:
        assert isinstance(decide(patient), Dispatch)
    else:
        assert decide(patient) == Wait(end_s)


def view_of(
    count: int, *, age_s: float = 0.0, fit: Fit | None = FIT, past: Learned | None = None, **more: object
) -> QueueView:
    """`count` requests of one row that came `age_s` ago."""
    chosen = more.pop("options", BatchOptions())
    assert isinstance(chosen, BatchOptions)
    members = tuple(Member(NOW_S - age_s, 1) for _ in range(count))
    past = past or Learned()
    if fit is not None:
        past = replace(past, cost=replace(past.cost, fit=fit, seen_rows=100, observed_s=NOW_S))
    return replace(QueueView(NOW_S, chosen, members, count, past), **more)  # type: ignore[arg-type]


def returning(answered: int, came: int, within_s: float = 0.0005) -> Learned:
    """A past in which all who are answered ask again within that time, and of the last `answered`, `came` have."""
    shares = [10.0 if edge_s == within_s else 0.0 for edge_s in RETURN_EDGES_S]
    returns = Returns(NOW_S, answered, came, came=shares, asked=[10.0] * len(RETURN_EDGES_S), mean_answered=answered)
    return Learned(returns=returns, crowd=Crowd(64, 64), batches=50)


def test_clients_that_are_about_to_return_are_waited_for() -> None:
    assert decide(view_of(8, past=returning(8, 0))) == Wait(NOW_S + 0.0005)


def test_the_last_of_them_is_waited_for_too() -> None:
    assert decide(view_of(15, past=returning(16, 15))) == Wait(NOW_S + 0.0005)


def test_when_all_have_returned_the_batch_starts() -> None:
    assert decide(view_of(16, past=returning(16, 16))) == Dispatch(16, "free")


def test_they_are_not_waited_for_when_that_takes_as_long_as_a_batch_of_their_own() -> None:
    assert decide(view_of(8, past=returning(8, 0, within_s=0.016))) == Dispatch(8, "free")


def test_they_are_not_waited_for_when_many_would_miss_it() -> None:
    past = returning(8, 0)
    past.returns.came[RETURN_EDGES_S.index(0.0005)] = 9.0
    past.returns.came[RETURN_EDGES_S.index(0.032)] = 1.0
    assert decide(view_of(8, past=past)) == Dispatch(8, "free")


def test_they_are_not_waited_for_when_a_batch_costs_nothing_by_itself() -> None:
    assert decide(view_of(8, past=returning(8, 0), fit=Fit(0.001, 0.0))) == Dispatch(8, "free")


def test_they_are_not_waited_for_when_many_others_come() -> None:
    past = returning(8, 0)
    past.returns.astray = 4.0
    assert decide(view_of(8, past=past)) == Dispatch(8, "free")


def test_a_request_larger_than_a_batch_goes_alone() -> None:
    members = (Member(NOW_S, 500), Member(NOW_S, 1))
    view = replace(view_of(1), members=members, rows=501)
    assert decide(view) == Dispatch(1, "full")


def test_a_batch_is_cut_so_that_its_oldest_request_is_in_time() -> None:
    view = view_of(50, age_s=0.07, options=BatchOptions(deadline_s=0.1))
    assert decide(view) == Dispatch(19, "deadline") or decide(view) == Dispatch(20, "deadline")


def test_under_backlog_the_oldest_are_dropped_where_they_force_small_batches() -> None:
    busy = Learned(gaps=Gaps(NOW_S, [0.001] * 64, 0, 0.064), batches=50)
    old = tuple(Member(NOW_S - 0.085, 1) for _ in range(10))
    new = tuple(Member(NOW_S - 0.001 * index, 1) for index in range(40, 0, -1))
    view = view_of(1, past=busy, options=BatchOptions(deadline_s=0.1), is_backlogged=True)
    assert decide(replace(view, members=old + new, rows=50)) == Shed(tuple(range(10)), "overload")


@pytest.mark.parametrize(("lasted_s", "is_shed"), [(0.09, False), (0.11, True)])
def test_in_an_overload_that_stays_the_newest_batch_and_a_half_are_kept(lasted_s: float, is_shed: bool) -> None:
    past = Learned(overload=Overload(NOW_S - lasted_s))
    view = view_of(60, past=past, options=BatchOptions(max_batch_size=32, deadline_s=0.1))
    assert decide(view) == (Shed(tuple(range(12)), "overload") if is_shed else Dispatch(32, "full"))


def test_in_an_overload_of_two_slots_each_keeps_a_batch_for_the_other() -> None:
    past = Learned(overload=Overload(NOW_S - 1, slots=2))
    view = view_of(90, past=past, options=BatchOptions(max_batch_size=32, deadline_s=0.1), running_batches=1)
    assert decide(view) == Shed(tuple(range(10)), "overload")


@pytest.mark.parametrize(("max_latency_s", "is_shed"), [(0.11, True), (0.1, False)])
def test_max_latency_sheds_only_where_it_is_ten_times_one_row(max_latency_s: float, is_shed: bool) -> None:
    view = view_of(1, age_s=5.0, options=BatchOptions(max_latency_s=max_latency_s))
    assert isinstance(decide(view), Shed) is is_shed
    assert is_max_latency_too_low(view.options, view.learned.cost) is not is_shed


def test_max_latency_that_is_a_window_sheds_nothing_and_is_never_too_low() -> None:
    view = view_of(1, age_s=5.0, options=BatchOptions(max_latency_s=0.11, is_window=True))
    assert not isinstance(decide(view), Shed)
    assert not is_max_latency_too_low(replace(view.options, max_latency_s=0.01), view.learned.cost)


def test_max_latency_sheds_only_where_a_full_batch_fits_into_it() -> None:
    view = view_of(1, age_s=5.0, options=BatchOptions(max_latency_s=0.2, max_batch_size=192))
    assert not isinstance(decide(view), Shed)
    assert isinstance(decide(replace(view, options=replace(view.options, max_batch_size=190))), Shed)


def test_without_a_slot_the_rule_waits_until_the_oldest_is_hopeless() -> None:
    view = view_of(3, options=BatchOptions(deadline_s=0.1), has_slot=False)
    decision = decide(view)
    assert isinstance(decision, Wait)
    assert decision.until_s == pytest.approx(NOW_S + 0.1 - 0.011)
    assert decide(view_of(3, has_slot=False, fit=None)) == Wait(math.inf)
