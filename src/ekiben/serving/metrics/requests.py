"""`EndpointMetrics`: the requests of one API, by status; and what is shown of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.tally import Tally


class EndpointMetrics:
    """`bounds` are those of durations, in seconds."""

    __slots__ = ("_bounds", "by_code", "last_answer_s", "read_in_progress")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self.by_code: dict[int, Tally] = {}
        self.last_answer_s = 0.0  # seconds since 1970
        self.read_in_progress: Callable[[], float] = lambda: 0

    def count_in_progress(self, read: Callable[[], float]) -> None:
        """`read` tells how many requests are under way; it is asked when the page is read, not at each request."""
        self.read_in_progress = read

    def answered(self, code: int, duration_s: float) -> None:
        """A request was answered with `code`."""
        durations = self.by_code.get(code)
        if durations is None:
            durations = self.by_code[code] = Tally(self._bounds)
        durations.observe(duration_s)
        self.last_answer_s = time.time()


def request_families(naming: Naming, endpoints: Mapping[str, EndpointMetrics]) -> Iterator[Family]:
    """What is shown of the requests; `endpoints` by the name of the API."""
    tallies = [
        (naming.answered(name, code), tally) for name, one in endpoints.items() for code, tally in one.by_code.items()
    ]
    yield naming.counter("request", "Requests answered", [(labels, tally.count) for labels, tally in tallies])
    yield naming.histogram("request_duration_seconds", "From a request's head to its answer", tallies)
    in_progress = [(naming.endpoint(name), one.read_in_progress()) for name, one in endpoints.items()]
    yield naming.gauge("request_in_progress", "Requests under way", in_progress)
    last_s = max((one.last_answer_s for one in endpoints.values()), default=0.0)
    what = "When an API answered last, in seconds since 1970; 0 before"
    yield naming.gauge("last_request_timestamp_seconds", what, [(naming.service(), last_s)])
