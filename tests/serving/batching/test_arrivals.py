"""Gaps see bursts, returns see clients that come back, the crowd knows how many there are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.batching.arrivals import CROWD_BATCHES, KEPT_GAPS, RETURN_EDGES_S, Crowd, Gaps, Returns

gap_lists = st.lists(st.floats(0, 10), min_size=1, max_size=3 * KEPT_GAPS)


def arrivals(gaps: list[float], rows: int = 1) -> tuple[Gaps, float]:
    """The gaps after arrivals with those times between them, and the time of the last."""
    now_s, seen = 100.0, Gaps()
    seen.arrived(now_s, rows)
    for gap in gaps:
        now_s += gap
        seen.arrived(now_s, rows)
    return seen, now_s


@given(gap_lists)
def test_the_last_gaps_are_kept(gaps: list[float]) -> None:
    seen, _ = arrivals(gaps)
    in_order = seen.recent[seen.oldest :] + seen.recent[: seen.oldest]
    assert in_order == pytest.approx(gaps[-KEPT_GAPS:], abs=1e-6)
    assert seen.total_s == pytest.approx(sum(seen.recent), abs=1e-6)


def test_a_clock_that_goes_back_counts_as_no_time() -> None:
    seen, now_s = arrivals([0.5])
    seen.arrived(now_s - 3, 1)
    assert seen.recent == [pytest.approx(0.5), 0.0]


def test_the_rate_counts_rows_and_falls_with_silence() -> None:
    seen, now_s = arrivals([0.01] * KEPT_GAPS, rows=3)
    assert seen.rows_per_s(now_s) == pytest.approx(300)
    assert seen.rows_per_s(now_s + 0.64) == pytest.approx(150)


def test_in_a_burst_the_next_request_is_expected_soon() -> None:
    seen, now_s = arrivals([0.0002] * 40 + [1.0] + [0.0002] * 10)
    chances = [chance for wait_s, chance in seen.expected(now_s) if wait_s < 0.001]
    assert chances == pytest.approx([0.25, 0.5, 0.75])


def test_a_silence_longer_than_the_burst_s_gaps_ends_the_expectation() -> None:
    seen, now_s = arrivals([0.0002] * 40 + [1.0] + [0.0002] * 10)
    assert list(seen.expected(now_s + 0.001)) == []


def test_of_three_longer_gaps_each_bounds_a_quarter_of_the_chance() -> None:
    seen, now_s = arrivals([0.001] * 9 + [0.03, 0.01, 0.02])
    waits_s, chances = zip(*seen.expected(now_s + 0.005), strict=True)
    assert waits_s == pytest.approx((0.005, 0.015, 0.025))
    assert chances == (0.25, 0.5, 0.75)


def rounds(returns: Returns, sizes: list[int], delays_s: tuple[float, ...], now_s: float = 50.0) -> float:
    """Completions 0.1 s apart, each answering `size` requests, of which the first few ask again after the delays."""
    for size in sizes:
        returns.completed(now_s, size)
        for delay_s in delays_s[:size]:
            returns.arrived(now_s + delay_s)
        now_s += 0.1
    return now_s


def share_by(returns: Returns, elapsed_s: float) -> float:
    """The share of those answered who ask again within so long."""
    return dict(returns.shares())[elapsed_s]


def test_the_share_that_comes_back_is_of_those_who_were_answered() -> None:
    returns = Returns()
    rounds(returns, [4] * 20, (0.0003, 0.0004, 0.0006))
    assert share_by(returns, 0.0005) == pytest.approx(0.5)
    assert share_by(returns, 0.001) == pytest.approx(0.75)
    assert share_by(returns, RETURN_EDGES_S[-1]) == pytest.approx(0.75)


def test_groups_of_any_size_teach_the_same_share() -> None:
    returns = Returns()
    rounds(returns, [1, 3] * 20, (0.0003, 0.0003, 0.0003))
    assert share_by(returns, 0.001) == pytest.approx(1)


def test_more_cannot_come_back_than_were_answered() -> None:
    returns = Returns()
    rounds(returns, [1, 1], (0.0003,))
    for _ in range(5):
        returns.arrived(50.1004)
    returns.completed(50.2, 1)
    assert share_by(returns, 0.001) == pytest.approx(1)
    assert sum(returns.came) <= sum(returns.asked)


def test_clients_that_wait_for_answers_are_told_from_independent_ones() -> None:
    waiting, independent = Returns(), Returns()
    rounds(waiting, [8, 7, 8, 8] * 8, (0.0003,) * 8)
    rounds(independent, [8, 1, 5, 2] * 8, (0.0003,) * 2)
    assert waiting.is_closed
    assert not independent.is_closed


def test_who_has_asked_again_is_no_longer_due() -> None:
    returns = Returns()
    returns.completed(1.0, 2)
    returns.arrived(1.0001)
    assert returns.due == 1
    returns.arrived(1.0002)
    returns.arrived(1.0003)
    assert returns.due == 0


def test_an_interval_that_had_not_ended_teaches_nothing() -> None:
    returns = Returns()
    returns.completed(1.0, 2)
    returns.completed(1.0011, 2)
    taught = [edge_s for edge_s, asked in zip(RETURN_EDGES_S, returns.asked, strict=True) if asked]
    assert max(taught) == 0.001


def test_a_pause_of_all_clients_does_not_unlearn_their_returns() -> None:
    returns = Returns()
    now_s = rounds(returns, [2] * 20, (0.0003, 0.0003))
    returns.completed(now_s, 2)
    returns.completed(now_s + 60, 2)
    assert share_by(returns, 0.001) == pytest.approx(1)


def test_nobody_is_known_to_return_before_the_first_completion() -> None:
    returns = Returns()
    returns.arrived(1.0)
    assert returns.due == 0
    assert not returns.is_closed


def test_the_crowd_is_the_peak_of_the_last_batches_and_is_forgotten() -> None:
    crowd = Crowd()
    crowd.arrived(5)
    crowd.arrived(3)
    assert crowd.peak == 5
    for _ in range(2 * CROWD_BATCHES):
        crowd.arrived(1)
        crowd.completed()
    crowd.arrived(1)
    assert crowd.peak == 1
