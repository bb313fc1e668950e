"""Reviews in three stages, each in processes of its own: two embed, one judges, and rules stand in front of them."""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel

import ekiben
from ekiben.exceptions import BadInput

MAX_TEXTS = 64


class Verdict(BaseModel):
    """What one review is, how sure the judge is (0 to 1), and whether a person should look at it."""

    label: str
    score: float
    needs_person: bool = False


@ekiben.service(workers=2, resources={"cpu": 1})
class Embedder:
    """The stage that costs most: two processes, which share one queue."""

    model = ekiben.BentoModel("review_embedder:latest")

    def __init__(self) -> None:
        self.embedder = ekiben.sklearn.load_model(self.model)

    @ekiben.api(batchable=True, max_batch_size=32, max_latency_ms=500)
    def embed(self, texts: list[str]) -> np.ndarray:
        """The vector of each text, shape (n, 8)."""
        return np.asarray(self.embedder.transform(texts))


@ekiben.service
class Judge:
    """A small model: one process does."""

    model = ekiben.BentoModel("review_judge:latest")

    def __init__(self) -> None:
        self.classifier = ekiben.sklearn.load_model(self.model)

    @ekiben.api(batchable=True, max_batch_size=128, max_latency_ms=500)
    def judge(self, vectors: np.ndarray) -> list[Verdict]:
        """What each vector's review is."""
        chances = self.classifier.predict_proba(vectors)
        labels = self.classifier.classes_[chances.argmax(axis=1)]
        scores = chances.max(axis=1).round(4)
        return [Verdict(label=str(label), score=float(score)) for label, score in zip(labels, scores, strict=True)]


@ekiben.service(threads=16, traffic={"timeout": 10})
class Reviews:
    """What clients talk to. Its own work is small; it waits for the other stages."""

    embedder = ekiben.depends(Embedder)
    judge = ekiben.depends(Judge)

    @ekiben.api(example={"texts": ["excellent, works perfectly"]})
    async def rate(self, texts: list[str]) -> list[Verdict]:
        """Rates many reviews. An async method holds no thread while it waits."""
        if len(texts) > MAX_TEXTS:
            raise BadInput(f"`texts` takes {MAX_TEXTS} reviews at most")
        vectors = await self.embedder.to_async.embed(texts)
        return ruled(await self.judge.to_async.judge(vectors))

    @ekiben.api
    def rate_one(self, text: str) -> Verdict:
        """Rates one review. A sync method holds one of the 16 threads, so 16 of them wait for one batch."""
        return ruled(self.judge.judge(self.embedder.embed([text])))[0]


def ruled(verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts with the house's rule: whoever complains, and whatever is unclear, is for a person."""
    return [one.model_copy(update={"needs_person": one.label == "complaint" or one.score < 0.6}) for one in verdicts]
