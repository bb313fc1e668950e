"""`Family` and `Sample`: one metric with its values, as it travels from a worker, through a merge, to the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

Labels = dict[str, str]


class Sample(NamedTuple):
    """One value. `name` is whole, with `_total`, `_bucket` and the like.

    `changed_s` is when the value changed last (seconds, monotonic), kept for gauges of mode `mostrecent` only.
    """

    name: str
    labels: Labels
    value: float
    changed_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Family:
    """All values of one metric. `name` is without `_total`; `type` is one of OpenMetrics' types.

    `mode` says how the values of several workers become one where the type is `gauge`: prometheus_client's
    `multiprocess_mode`.
    """

    name: str
    type: str
    documentation: str
    samples: Sequence[Sample]
    unit: str = ""
    mode: str = "all"
