"""What several workers measured, as one: pure functions over families.

counter, histogram, summary     added up; what a worker counted stays when it ends
gaugehistogram                  added up over the living
gauge                           as its mode says: sum, min, max, mostrecent; with `live`, without those that ended
everything else                 side by side, told apart by a label `worker`
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias

from ekiben.serving.metrics.family import Family, Sample

WORKER = "worker"  # the label that tells workers apart

_Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...]]
_Join: TypeAlias = Callable[[Sample, Sample], Sample]

_LASTING_TYPES = frozenset({"counter", "histogram", "summary"})
_ADDED_TYPES = _LASTING_TYPES | {"gaugehistogram"}
_LASTING_MODES = frozenset({"sum", "min", "max", "mostrecent"})


def _added(one: Sample, other: Sample) -> Sample:
    return one._replace(value=one.value + other.value)


def _least(one: Sample, other: Sample) -> Sample:
    return one if one.value <= other.value else other


def _greatest(one: Sample, other: Sample) -> Sample:
    return one if one.value >= other.value else other


def _newer(one: Sample, other: Sample) -> Sample:
    return other


def _latest(one: Sample, other: Sample) -> Sample:
    return other if other.changed_s >= one.changed_s else one


_JOINS: Mapping[str, _Join] = {"sum": _added, "min": _least, "max": _greatest, "mostrecent": _latest}


def merge(departed: Iterable[Family], living: Iterable[tuple[int, Iterable[Family]]]) -> list[Family]:
    """One family per name. `living` holds each worker's number and families, `departed` what the others left."""
    labelled = [_told_apart(family, number) for number, families in living for family in families]
    return joined([*departed, *labelled])


def remains_of(families: Iterable[Family]) -> list[Family]:
    """What stays of a worker's families when it ends."""
    return [
        one for one in families if one.type in _LASTING_TYPES or (one.type == "gauge" and one.mode in _LASTING_MODES)
    ]


def joined(families: Iterable[Family]) -> list[Family]:
    """Families of one name and type made one, in the order in which they first come."""
    merged: dict[tuple[str, str], Family] = {}
    samples: dict[tuple[str, str], dict[_Key, Sample]] = {}
    for family in families:
        key = (family.name, family.type)
        merged.setdefault(key, family)
        join = _join_of(family) or _newer
        into = samples.setdefault(key, {})
        for sample in family.samples:
            place = (sample.name, tuple(sorted(sample.labels.items())))
            into[place] = join(into[place], sample) if place in into else sample
    return [replace(family, samples=list(samples[key].values())) for key, family in merged.items()]


def _join_of(family: Family) -> _Join | None:
    """How two values of one series become one; None where each worker's is shown."""
    if family.type == "gauge":
        return _JOINS.get(family.mode.removeprefix("live"))
    return _added if family.type in _ADDED_TYPES else _newer if family.type == "info" else None


def _told_apart(family: Family, number: int) -> Family:
    """The family with the worker's number where its values cannot be joined, unless a label `worker` is there."""
    if _join_of(family) is not None:
        return family
    labelled = [one._replace(labels={WORKER: str(number), **one.labels}) for one in family.samples]
    return replace(family, samples=labelled)
