"""What is shown of a runner of the classic style in a runner's own words, beside what is shown of every service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ekiben.serving.metrics.batches import BatchMetrics
from ekiben.serving.metrics.family import Family
from ekiben.serving.metrics.naming import Naming
from ekiben.serving.metrics.requests import EndpointMetrics
from ekiben.serving.metrics.tally import added


def runner_families(
    naming: Naming, methods: Mapping[str, EndpointMetrics], batches: Mapping[str, BatchMetrics]
) -> Iterator[Family]:
    """`methods` and `batches` by the name of the method."""
    sizes = [(naming.runner(name), one.sizes) for name, one in batches.items()]
    yield naming.histogram(f"runner_{naming.batch_size_name}", "Rows in a batch of a runner's method", sizes)
    durations = [(naming.runner(name), added(one.by_code.values())) for name, one in methods.items() if one.by_code]
    yield naming.histogram(
        "runner_request_duration_seconds", "A call of a runner's method, waiting included", durations
    )
