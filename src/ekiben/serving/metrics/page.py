"""The page that Prometheus reads: families as text, in the format that the reader asks for.

Alone in the front in touching prometheus_client, whose import takes some 16 ms of a server's start: the first reader
pays them. The text is the library's; it is made family by family, so that a large page holds up nobody for long.
"""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ekiben.serving.metrics.family import Family
from ekiben.serving.wire import Payload

if TYPE_CHECKING:
    from prometheus_client import Metric

# The names of what prometheus_client tells of a process, on Linux.
OF_PROCESS = frozenset(
    {
        *("process_virtual_memory_bytes", "process_resident_memory_bytes", "process_start_time_seconds"),
        *("process_cpu_seconds", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"),
        *("python", "python_info"),
    }
)
PART_SAMPLES = 250  # made into text at once: a millisecond
_END = b"# EOF\n"  # ends a page of OpenMetrics
_HEAD = re.compile(rb"\A(?:# .*\n)+")  # the lines that say what a metric is


@dataclass(frozen=True, slots=True)
class _RegistryOfOne:
    """A registry of one metric, as the library's encoders take it."""

    metric: Metric

    def collect(self) -> Iterator[Metric]:
        yield self.metric


async def render(families: Iterable[Family], accept: str = "") -> Payload:
    """The page of these families and of this process; `accept` is the reader's header: it may ask for OpenMetrics."""
    encode, content_type = await asyncio.to_thread(_encoder, accept)
    text = bytearray()
    for metric in itertools.chain((_metric(one) for one in families if one.samples), _of_process()):
        for part in _parts(metric):
            piece = encode(_RegistryOfOne(part)).removesuffix(_END)
            text += piece if part is metric else _HEAD.sub(b"", piece)
            await asyncio.sleep(0)
    if content_type.startswith("application/openmetrics-text"):
        text += _END
    return Payload(content_type, bytes(text))


def _parts(metric: Metric) -> Iterator[Metric]:
    """The metric with its first samples, then others with the rest of them, which need no head of their own."""
    samples = metric.samples
    metric.samples = samples[:PART_SAMPLES]
    yield metric
    for start in range(PART_SAMPLES, len(samples), PART_SAMPLES):
        rest = copy.copy(metric)
        rest.samples = samples[start : start + PART_SAMPLES]
        yield rest


def _encoder(accept: str) -> tuple[Callable[[_RegistryOfOne], bytes], str]:
    from prometheus_client.exposition import choose_encoder

    return choose_encoder(accept)


def _metric(family: Family) -> Metric:
    from prometheus_client import Metric

    metric = Metric(family.name, family.documentation, family.type, family.unit)
    for sample in family.samples:
        metric.add_sample(sample.name, sample.labels, sample.value)
    return metric


def _of_process() -> Iterator[Metric]:
    """What the library tells of this process: processor time, memory, open files, the version of Python."""
    from prometheus_client import PLATFORM_COLLECTOR, PROCESS_COLLECTOR

    yield from PROCESS_COLLECTOR.collect()
    yield from PLATFORM_COLLECTOR.collect()
