"""The bounds of every histogram of durations."""

from __future__ import annotations

from collections.abc import Sequence

from ekiben.errors import SettingsError

# Seconds. BentoML's bounds, with three below for models that answer in a millisecond.
DURATION_BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 180)
MAX_BOUNDS = 100  # each is a series per API and status


def duration_bounds(
    buckets: Sequence[float] | None, least: float | None, most: float | None, factor: float | None
) -> tuple[float, ...]:
    """`buckets`, or bounds from `least` to `most` (seconds), each `factor` times the last; by default DURATION_BOUNDS.

    Raises SettingsError where both or half of one are given.
    """
    given = [one is not None for one in (least, most, factor)]
    if buckets is not None and any(given):
        raise SettingsError(
            "`metrics.duration` has `buckets` beside `min`, `max` or `factor`", hint="write one of the two"
        )
    if buckets is not None:
        return tuple(buckets)
    if least is None or most is None or factor is None:
        if any(given):
            raise SettingsError("`metrics.duration` takes `min`, `max` and `factor` together", hint="write all three")
        return DURATION_BOUNDS
    if factor <= 1 or least >= most:
        raise SettingsError(
            f"`metrics.duration` has `min: {least:g}`, `max: {most:g}`, `factor: {factor:g}`, which are no bounds",
            hint="`min` must be below `max`, and `factor` above 1",
        )
    return _exponential(least, most, factor)


def _exponential(least: float, most: float, factor: float) -> tuple[float, ...]:
    found: list[float] = []
    bound = least
    while bound < most:
        if len(found) == MAX_BOUNDS:
            raise SettingsError(
                f"`metrics.duration.factor: {factor:g}` gives more than {MAX_BOUNDS} bounds", hint="raise it"
            )
        found.append(bound)
        bound *= factor
    return (*found, most)
