"""Gaps see bursts, returns see clients that come back, the crowd knows how many there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.batching.arrivals import CROWD_BATCHES, KEPT_GAPS, RETURN_EDGES_S, Crowd, Gaps, Returns

gap_lists = st.lists(st.floats(0, 10), min_size=1, max_size=3 * KEPT_GAPS)


def arrivals(gaps: list[float], rows: int = 1) -> tuple[Gaps, float]:
    """The gaps after arrivals with those times between them, and the time of the last."""
    now_s = 100.0
    seen = Gaps().arrived(now_s, rows)
    for gap in gaps:
        now_s += gap
        seen = seen.arrived(now_s, rows)
    return seen, now_s


@given(gap_lists)
def test_the_last_gaps_are_kept_in_order_of_time_and_of_length(gaps: list[float]) -> None:
    seen, _ = arrivals(gaps)
    assert seen.recent == pytest.approx(gaps[-KEPT_GAPS:], abs=1e-6)
    assert sorted(seen.recent) == list(seen.ranked)
    assert seen.total_s == pytest.approx(sum(seen.recent), abs=1e-6)


def test_the_rate_counts_rows_and_falls_with_silence() -> None:
    seen, now_s = arrivals([0.01] * KEPT_GAPS, rows=3)
    assert seen.rows_per_s(now_s) == pytest.approx(300)
    assert seen.rows_per_s(now_s + 0.64) == pytest.approx(150)


def test_in_a_burst_the_next_request_is_expected_soon() -> None:
    seen, now_s = arrivals([0.0002] * 40 + [1.0] + [0.0002] * 10)
    assert [chance for wait_s, chance in seen.expected(now_s) if wait_s < 0.001] == [0.25, 0.5, 0.75]


def test_a_silence_longer_than_the_burst_s_gaps_ends_the_expectation() -> None:
    seen, now_s = arrivals([0.0002] * 40 + [1.0] + [0.0002] * 10)
    assert list(seen.expected(now_s + 0.001)) == []


def test_clients_that_return_after_each_completion_are_expected_after_the_next() -> None:
    returns, now_s = Returns(), 0.0
    for _ in range(40):
        returns = returns.completed(now_s)
        for delay_s in (0.0003, 0.0004, 0.0006):
            returns = returns.arrived(now_s + delay_s)
        now_s += 0.02
    expected = dict(returns.completed(now_s).expected(now_s))
    assert expected[0.0005] == pytest.approx(2, rel=0.05)
    assert expected[0.001] == pytest.approx(3, rel=0.05)
    assert expected[0.016] == pytest.approx(3, rel=0.05)


def test_what_should_have_come_by_now_is_expected_no_more() -> None:
    returns = Returns(0.0, means=(1.0,) * len(RETURN_EDGES_S))
    assert list(returns.expected(0.012)) == [pytest.approx((0.004, 0.5))]
    assert list(returns.expected(0.016)) == []


def test_an_interval_that_had_not_ended_teaches_nothing() -> None:
    returns = Returns(0.0, means=(1.0,) * len(RETURN_EDGES_S)).completed(0.001)
    assert returns.means[RETURN_EDGES_S.index(0.001)] < 1
    assert returns.means[RETURN_EDGES_S.index(0.002)] == 1


def test_the_crowd_is_the_peak_of_the_last_batches_and_is_forgotten() -> None:
    crowd = Crowd().arrived(5).arrived(3)
    assert crowd.peak == 5
    for _ in range(2 * CROWD_BATCHES):
        crowd = crowd.arrived(1).completed()
    assert crowd.arrived(1).peak == 1
