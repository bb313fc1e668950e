"""Metrics of one's own."""

from __future__ import annotations

import bentoml
from bentoml.metrics import Counter, Histogram

lengths = Histogram("prompt_length", "Words of a prompt", labelnames=["model"], buckets=(1, 2, 5, float("inf")))
failures = Counter("prompt_failures", "Prompts that failed")


@bentoml.service
class Measured:
    def __init__(self) -> None:
        self.calls = bentoml.metrics.Gauge("calls_made", "Calls so far")

    @bentoml.api
    def predict(self, prompt: str) -> int:
        words = len(prompt.split())
        lengths.labels(model="small").observe(words)
        self.calls.inc()
        if not words:
            failures.inc()
        return words
