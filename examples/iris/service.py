"""A classifier of iris flowers, answering one flower or many through the adaptive batcher."""

from __future__ import annotations

import numpy as np

import ekiben
from ekiben.exceptions import BadInput

SPECIES = ("setosa", "versicolor", "virginica")


@ekiben.service
class Iris:
    """Takes measurements in centimetres: sepal length and width, petal length and width."""

    model = ekiben.BentoModel("iris:latest")

    def __init__(self) -> None:
        self.classifier = ekiben.sklearn.load_model(self.model)

    @ekiben.api(batchable=True, max_batch_size=64, max_latency_ms=200, example={"flowers": [[5.1, 3.5, 1.4, 0.2]]})
    def classify(self, flowers: np.ndarray) -> list[str]:
        """The species of each flower; `flowers` has shape (n, 4)."""
        if flowers.ndim != 2 or flowers.shape[1] != 4 or not np.issubdtype(flowers.dtype, np.number):
            raise BadInput("`flowers` takes rows of four numbers")
        return [SPECIES[number] for number in self.classifier.predict(flowers)]
