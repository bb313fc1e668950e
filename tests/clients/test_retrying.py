"""When a call is made again: a pure decision."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.clients.retrying import Outcome, RetryPolicy

POLICY = RetryPolicy(most=3, first_s=0.1, longest_s=1.0)
outcomes = st.builds(
    Outcome,
    status=st.none() | st.sampled_from([200, 400, 404, 429, 500, 503, 504]),
    was_sent=st.booleans(),
    retry_after_s=st.none() | st.floats(0, 100),
)
seconds = st.floats(0, 100)
jitters = st.floats(0.5, 1.0)


def test_what_was_never_sent_is_sent_again_whatever_the_api() -> None:
    unsent = Outcome(was_sent=False)
    assert POLICY.pause_s(unsent, 1, left_s=10, is_idempotent=False) == 0.1


def test_what_was_sent_is_sent_again_only_where_that_does_no_harm() -> None:
    for outcome in (Outcome(503), Outcome(429), Outcome(None)):
        assert POLICY.pause_s(outcome, 1, left_s=10, is_idempotent=True) == 0.1
        assert POLICY.pause_s(outcome, 1, left_s=10, is_idempotent=False) is None


def test_an_answer_that_will_not_change_is_not_asked_for_again() -> None:
    for status in (200, 400, 404, 500, 504):
        assert POLICY.pause_s(Outcome(status), 1, left_s=10, is_idempotent=True) is None


def test_pauses_double_up_to_the_longest() -> None:
    patient = RetryPolicy(most=6, first_s=0.1, longest_s=1.0)
    pauses = [patient.pause_s(Outcome(503), tries, left_s=10, is_idempotent=True) for tries in range(1, 7)]
    assert pauses == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


@given(outcomes, st.integers(1, 10), seconds, st.booleans(), jitters)
def test_no_pause_goes_beyond_what_is_left_nor_below_what_the_server_asked_for(
    outcome: Outcome, tries: int, left_s: float, is_idempotent: bool, jitter: float
) -> None:
    pause_s = POLICY.pause_s(outcome, tries, left_s=left_s, is_idempotent=is_idempotent, jitter=jitter)
    if pause_s is not None:
        assert tries <= POLICY.most
        assert pause_s < left_s
        assert pause_s >= (outcome.retry_after_s or 0)
