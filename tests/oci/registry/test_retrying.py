"""Patience: pure, without a clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.oci.registry.retrying import Patience, Retry, Temporary, retry_after_s

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MIB = 1024 * 1024


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_a_pause_is_never_longer_than_the_longest(failures: int, share: float) -> None:
    pause_s = Patience(tries=100).pause_s(failures, None, share)
    assert pause_s is not None
    assert 0.25 <= pause_s <= 20


def test_pauses_grow() -> None:
    assert [Patience().pause_s(failures, None, 0.0) for failures in (1, 2, 3, 7)] == [0.25, 0.5, 1.0, None]


def test_what_the_registry_asks_for_is_waited_and_no_more_than_is_reasonable() -> None:
    assert Patience().pause_s(1, 30.0, 0.0) == 30.0
    assert Patience().pause_s(1, 0.0, 0.0) == 0.25
    assert Patience().pause_s(1, 121.0, 0.0) is None


def test_a_transfer_that_gets_on_is_not_given_up() -> None:
    paused: list[float] = []
    retry = Retry(Patience(tries=3), lambda seconds, failure: paused.append(seconds))
    for reached in range(MIB, 50 * MIB, MIB):
        retry.after(Temporary("broke"), reached)
    assert len(paused) == 49
    assert max(paused) <= 0.5


def test_a_transfer_that_drips_is_given_up() -> None:
    retry = Retry(Patience(tries=3), lambda seconds, failure: None)
    retry.after(Temporary("broke"), 100)
    retry.after(Temporary("broke"), 200)
    with pytest.raises(Temporary, match="the last"):
        retry.after(Temporary("the last"), 300)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        (" 5 ", 5.0),
        ("Thu, 01 Jan 2026 12:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("9" * 50, 999999999.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, NOW) == seconds
