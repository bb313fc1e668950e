"""merge: what several workers measured, as if one process had."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram

from ekiben.serving.metrics.family import Family, Sample
from ekiben.serving.metrics.ledger import WorkerLedger
from ekiben.serving.metrics.merge import merge, remains_of


def gauge(value: float, mode: str, changed_s: float = 0.0) -> Family:
    return Family("g", "gauge", "A gauge", [Sample("g", {"a": "x"}, value, changed_s)], mode=mode)


def values(families: list[Family]) -> list[tuple[dict[str, str], float]]:
    return [(sample.labels, sample.value) for family in families for sample in family.samples]


EVENTS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["x", "y"]), st.integers(0, 20)))


def measured(events: list[tuple[str, int]]) -> list[Family]:
    """What prometheus_client counts of these events in one process."""
    registry = CollectorRegistry()
    counter = Counter("c", "c", ["kind"], registry=registry)
    histogram = Histogram("h", "h", ["kind"], registry=registry, buckets=(1, 10))
    for kind, value in events:
        counter.labels(kind).inc(value)
        histogram.labels(kind).observe(value)
    return [
        Family(one.name, one.type, one.documentation, [Sample(s.name, s.labels, s.value) for s in one.samples])
        for one in registry.collect()
    ]


def by_series(families: list[Family]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


@given(EVENTS, st.sets(st.integers(0, 2)))
def test_counters_and_histograms_are_those_of_one_process_whoever_counted_and_died(
    events: list[tuple[int, str, int]], dead: set[int]
) -> None:
    ledger = WorkerLedger()
    accounts = [ledger.open(number) for number in (1, 2, 3)]
    for number, account in enumerate(accounts):
        account.begin(number, asyncio.Event().wait)
        account.tell(measured([(kind, value) for worker, kind, value in events if worker == number]))
    for number in dead:
        accounts[number].end()
    assert by_series(ledger.families()) == by_series(measured([(kind, value) for _, kind, value in events]))


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("sum", 7), ("livesum", 5), ("min", 2), ("livemin", 5), ("max", 5), ("livemax", 5), ("mostrecent", 2)],
)
def test_gauges_are_joined_as_their_mode_says_with_and_without_those_that_ended(mode: str, expected: float) -> None:
    departed = remains_of([gauge(2, mode, changed_s=9)])
    assert values(merge(departed, [(1, [gauge(5, mode, changed_s=4)])])) == [({"a": "x"}, expected)]


def test_a_gauge_of_mode_all_shows_every_living_worker() -> None:
    departed = remains_of([gauge(2, "all")])
    living = [(1, [gauge(5, "all")]), (2, [gauge(6, "all")])]
    assert values(merge(departed, living)) == [({"worker": "1", "a": "x"}, 5), ({"worker": "2", "a": "x"}, 6)]


def test_a_label_worker_of_the_services_own_is_left_as_it_is() -> None:
    own = Family("g", "gauge", "", [Sample("g", {"worker": "a"}, 1)])
    assert values(merge([], [(1, [own])])) == [({"worker": "a"}, 1)]


def test_info_that_all_workers_share_is_shown_once() -> None:
    info = Family("m", "info", "", [Sample("m_info", {"name": "iris"}, 1)])
    assert values(merge([], [(1, [info]), (2, [info])])) == [({"name": "iris"}, 1)]


def test_of_two_workers_with_one_number_the_newer_one_is_shown() -> None:
    ledger = WorkerLedger()
    for value in (1, 2):
        account = ledger.open(1)
        account.begin(value, asyncio.Event().wait)
        account.tell([gauge(value, "all")])
    assert values(ledger.families()) == [({"worker": "1", "a": "x"}, 2)]


def test_a_worker_that_does_not_answer_is_not_waited_for() -> None:
    async def refresh() -> list[tuple[dict[str, str], float]]:
        ledger = WorkerLedger()
        account = ledger.open(1)
        account.begin(4711, asyncio.Event().wait)
        account.tell([gauge(3, "sum")])
        await ledger.refresh()
        return values(ledger.families())

    assert asyncio.run(refresh()) == [({"a": "x"}, 3)]
