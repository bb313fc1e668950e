"""Lifetime: what ends a worker's time, and that workers begun together do not end together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.workers.lifetime import ENDLESS, JITTER, Lifetime, Use

draws = st.floats(0, 1)
counts = st.integers(1, 10**9)
seconds = st.floats(0.1, 10**9)
lifetimes = st.builds(Lifetime, st.none() | counts, st.none() | seconds, st.none() | counts)
uses = st.builds(Use, st.integers(0, 10**10), st.floats(0, 10**10), st.integers(0, 10**10))


@pytest.mark.parametrize(
    ("lifetime", "use", "why"),
    [
        (Lifetime(max_requests=10), Use(9, 1e9, 10**12), None),
        (Lifetime(max_requests=10), Use(10, 0, 0), "answered 10 requests"),
        (Lifetime(max_age_s=60), Use(0, 60, 0), "is 60 s old"),
        (Lifetime(max_memory_bytes=1024**2), Use(0, 0, 2 * 1024**2), "holds 2 MiB"),
        (Lifetime(10, 60, 1024**2), Use(1, 1, 1), None),
    ],
)
def test_each_bound_ends_a_worker_by_itself_and_says_so(lifetime: Lifetime, use: Use, why: str | None) -> None:
    assert lifetime.why_over(use) == why


@given(uses)
def test_without_a_bound_a_worker_stays(use: Use) -> None:
    assert ENDLESS.why_over(use) is None
    assert not ENDLESS.is_bounded


@given(lifetimes, draws)
def test_a_workers_own_bounds_are_a_little_earlier_and_never_later(lifetime: Lifetime, draw: float) -> None:
    own = lifetime.drawn(draw)
    if lifetime.max_requests is not None:
        assert own.max_requests is not None
        assert max(1, lifetime.max_requests * (1 - JITTER) - 1) <= own.max_requests <= lifetime.max_requests
    if lifetime.max_age_s is not None:
        assert own.max_age_s is not None
        assert lifetime.max_age_s * (1 - JITTER) * 0.999 <= own.max_age_s <= lifetime.max_age_s
    assert own.max_memory_bytes == lifetime.max_memory_bytes
    assert own.is_bounded == lifetime.is_bounded


@given(lifetimes, uses, uses)
def test_a_worker_that_is_over_does_not_come_back_by_more_use(lifetime: Lifetime, use: Use, more: Use) -> None:
    later = Use(use.requests + more.requests, use.age_s + more.age_s, use.memory_bytes + more.memory_bytes)
    assert lifetime.why_over(use) is None or lifetime.why_over(later) is not None
