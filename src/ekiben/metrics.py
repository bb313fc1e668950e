"""`ekiben.metrics`: metrics of a service's own, shown on the server's page. A face over prometheus_client.

The constructors and methods are that library's. A gauge's `multiprocess_mode` is `livesum` unless said otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary
else:
    import prometheus_client

    from ekiben.serving.metrics.define import definable_again

    Counter = definable_again(prometheus_client.Counter)
    Enum = definable_again(prometheus_client.Enum)
    Gauge = definable_again(prometheus_client.Gauge, multiprocess_mode="livesum")
    Histogram = definable_again(prometheus_client.Histogram)
    Info = definable_again(prometheus_client.Info)
    Summary = definable_again(prometheus_client.Summary)

__all__ = ["Counter", "Enum", "Gauge", "Histogram", "Info", "Summary"]
