"""When a silent websocket is asked for a sign of life, and when it is given up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.http.h1.pulse import ANSWER_WITHIN_S, PING_AFTER_S, Beat, Pulse


def looks(*heard: bool) -> list[Beat]:
    """What becomes of a websocket that is looked at once a second."""
    pulse = Pulse(0.0)
    return [pulse.look(float(second), has_heard=one) for second, one in enumerate(heard, start=1)]


def test_a_silent_client_is_pinged_once_and_then_given_up() -> None:
    beats = looks(*[False] * 60)
    assert [(second, beat) for second, beat in enumerate(beats, start=1) if beat is not Beat.RESTS][:2] == [
        (int(PING_AFTER_S), Beat.PINGS),
        (int(PING_AFTER_S + ANSWER_WITHIN_S), Beat.IS_OVER),
    ]


@given(st.lists(st.booleans(), max_size=200))
def test_whoever_says_something_in_time_is_never_given_up(heard: list[bool]) -> None:
    kept = [one or second % int(ANSWER_WITHIN_S) == 0 for second, one in enumerate(heard)]
    assert Beat.IS_OVER not in looks(*kept)
