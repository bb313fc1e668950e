"""`UserRegistry`: what the service's code measures, read from prometheus_client's default registry.

Code that has nothing to measure never imports that library, and nothing here does it first.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ekiben.serving.metrics.family import Family, Sample

if TYPE_CHECKING:
    from prometheus_client.registry import Collector

logger = logging.getLogger("ekiben.serving")

LIBRARY = "prometheus_client"


class UserRegistry:
    """Reads the registry whole at every `read`, all but what the library put there itself."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, tuple[tuple[str, str], ...]], Sample] = {}
        self._broken: set[int] = set()

    def read(self) -> list[Family]:
        """Every family with its values since this process began. One whose collector raises is left out."""
        if LIBRARY not in sys.modules:
            return []
        from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR, REGISTRY

        own = (GC_COLLECTOR, PLATFORM_COLLECTOR, PROCESS_COLLECTOR)
        found: list[Family] = []
        for collector in list(REGISTRY._collector_to_names):  # `collect` does not say whose mode a family has
            if collector in own:
                continue
            try:
                found += self._families(collector)
            except Exception:  # a collector of the service's own
                if id(collector) not in self._broken:
                    self._broken.add(id(collector))
                    logger.exception("the metrics of %r cannot be read and are left out", collector)
        return found

    def _families(self, collector: Collector) -> Iterator[Family]:
        mode = str(getattr(collector, "_multiprocess_mode", "all"))
        for metric in collector.collect():
            samples = [
                Sample(str(one.name), {str(name): str(value) for name, value in one.labels.items()}, float(one.value))
                for one in metric.samples
                if one.name != f"{metric.name}_created"  # when a series began: nothing here reads it
            ]
            if mode.endswith("mostrecent"):
                samples = [self._stamped(sample) for sample in samples]
            yield Family(metric.name, metric.type, str(metric.documentation), samples, str(metric.unit), mode)

    def _stamped(self, sample: Sample) -> Sample:
        """The sample with the time since which it is known to have its value."""
        key = (sample.name, tuple(sample.labels.items()))
        last = self._seen.get(key)
        if last is None or last.value != sample.value:
            last = self._seen[key] = sample._replace(changed_s=time.monotonic())
        return last
