"""Adaptive batching: lists in, arrays out; arrays in, lists out; another batch dimension; a batch of models."""

from __future__ import annotations

import bentoml
import numpy as np
from pydantic import BaseModel


class BatchInput(BaseModel):
    text: str
    threshold: float


@bentoml.service(resources={"memory": "500Mi"}, traffic={"timeout": 60})
class BatchService:
    @bentoml.api(batchable=True, batch_dim=(0, 0), max_batch_size=32, max_latency_ms=1000)
    def encode(self, sentences: list[str]) -> np.ndarray:
        return np.array([[len(sentence), sentence.count(" ")] for sentence in sentences])

    @bentoml.api(batchable=True, batch_dim=(0, 0))
    def analyze_sentiment(self, texts: np.ndarray) -> list[str]:
        return ["POSITIVE" if "good" in text else "NEGATIVE" for text in texts.tolist()]

    @bentoml.api(batchable=True, batch_dim=(1, 1), max_batch_size=64)
    def scale(self, columns: np.ndarray) -> np.ndarray:
        return columns * 10

    @bentoml.api(batchable=True)
    def judge(self, inputs: list[BatchInput]) -> list[bool]:
        return [len(one.text) > one.threshold for one in inputs]
