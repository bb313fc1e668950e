"""Patience: what is waited for, how long, and that moving on is enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.http.h1.limits import LINGER_S, MIN_RATE, ConnectionLimits
from ekiben.serving.http.h1.patience import Patience, Verdict, Wait

LIMITS = ConnectionLimits(head_timeout_s=5, keep_alive_s=10, body_timeout_s=7)
BOUNDS_S = {Wait.REQUEST: 10, Wait.HEAD: 5, Wait.BODY: 7, Wait.TAKING: 10, Wait.LEAVING: LINGER_S}
ENDS = {
    Wait.REQUEST: Verdict.CLOSES,
    Wait.HEAD: Verdict.HEAD_IS_LATE,
    Wait.BODY: Verdict.BODY_HAS_STOPPED,
    Wait.TAKING: Verdict.BREAKS,
    Wait.LEAVING: Verdict.BREAKS,
}


@pytest.mark.parametrize("wait", BOUNDS_S)
def test_a_wait_ends_at_its_bound_and_not_before(wait: Wait) -> None:
    patience = Patience()
    looks = [patience.look(wait, 1, 0, now_s, LIMITS) for now_s in (100, 99.9 + BOUNDS_S[wait], 100 + BOUNDS_S[wait])]
    assert looks == [Verdict.STAYS, Verdict.STAYS, ENDS[wait]]


def test_the_servers_turn_has_no_end() -> None:
    patience = Patience()
    assert {patience.look(Wait.ANSWER, 1, 0, now_s, LIMITS) for now_s in (0, 1e6, 2e6)} == {Verdict.STAYS}


def test_the_wait_for_another_request_begins_anew() -> None:
    patience = Patience()
    looks = [patience.look(Wait.REQUEST, number, 0, 9.0 * number, LIMITS) for number in range(5)]
    assert set(looks) == {Verdict.STAYS}


@given(st.sampled_from([Wait.BODY, Wait.TAKING]), st.lists(st.floats(0.5, 3.0), min_size=1, max_size=50))
def test_who_moves_at_the_least_rate_may_go_on_for_ever(wait: Wait, steps_s: list[float]) -> None:
    patience, now_s, moved = Patience(), 0.0, 0
    for step_s in steps_s:
        now_s += step_s
        moved += int(MIN_RATE * step_s) + 1
        assert patience.look(wait, 1, moved, now_s, LIMITS) is Verdict.STAYS


@pytest.mark.parametrize("wait", [Wait.BODY, Wait.TAKING])
def test_who_drips_does_not(wait: Wait) -> None:
    patience = Patience()
    looks = [patience.look(wait, 1, now_s, float(now_s), LIMITS) for now_s in range(12)]
    assert ENDS[wait] in looks
