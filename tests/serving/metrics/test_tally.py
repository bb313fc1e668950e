"""Tally: the same histogram as prometheus_client's, for any values and bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from ekiben.serving.metrics.tally import Tally

BOUNDS = st.lists(st.integers(1, 50), min_size=1, max_size=8, unique=True).map(sorted)


@given(BOUNDS, st.lists(st.integers(0, 60).map(lambda tenths: tenths / 2)))
def test_it_counts_as_prometheus_client_does(bounds: list[int], values: list[float]) -> None:
    theirs = Histogram("x", "x", registry=CollectorRegistry(), buckets=bounds)
    ours = Tally(bounds)
    for value in values:
        theirs.observe(value)
        ours.observe(value)
    [family] = theirs.collect()
    expected = {(one.name, one.labels.get("le")): one.value for one in family.samples if one.name != "x_created"}
    assert {(one.name, one.labels.get("le")): one.value for one in ours.samples("x", {})} == expected
