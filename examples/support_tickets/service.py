"""Support tickets in two stages: a sentence embedding, and a classifier on it. Both stages are batchable APIs."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

import ekiben


class Verdict(BaseModel):
    """What one ticket is about, and how sure the classifier is (0 to 1)."""

    label: str
    score: float


@ekiben.service(traffic={"timeout": 30})
class SupportTickets:
    """Sorts support tickets into billing, account and technical."""

    embedder_model = ekiben.BentoModel("support_embedder:latest")
    classifier_model = ekiben.BentoModel("support_classifier:latest")

    def __init__(self) -> None:
        self.embedder = ekiben.picklable_model.load_model(self.embedder_model)
        self.classifier = ekiben.sklearn.load_model(self.classifier_model)

    @ekiben.api(batchable=True, max_batch_size=32, max_latency_ms=2000)
    def embed(self, texts: list[str]) -> np.ndarray:
        """The embedding of each text, shape (n, 384)."""
        return np.asarray(self.embedder.encode(texts, show_progress_bar=False))

    @ekiben.api(batchable=True, max_batch_size=32, max_latency_ms=2000)
    def classify(self, texts: list[str]) -> list[Verdict]:
        """What each ticket is about."""
        probabilities = self.classifier.predict_proba(self.embedder.encode(texts, show_progress_bar=False))
        best = probabilities.argmax(axis=1)
        return [
            Verdict(label=str(self.classifier.classes_[column]), score=round(float(row[column]), 4))
            for row, column in zip(probabilities, best, strict=True)
        ]
