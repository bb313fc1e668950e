"""The scikit-learn example: a model of the store as an attribute, arrays in and out, batched."""

from __future__ import annotations

import bentoml
import numpy as np
from bentoml.models import BentoModel


@bentoml.service(resources={"cpu": "1"}, traffic={"timeout": 10})
class IrisClassifier:
    iris_model = BentoModel("iris_clf:latest")

    def __init__(self) -> None:
        self.model = bentoml.sklearn.load_model(self.iris_model)

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=32, max_latency_ms=1000)
    def classify(self, input_series: np.ndarray) -> np.ndarray:
        return self.model.predict(input_series)

    @bentoml.api
    def names(self, numbers: list[int]) -> list[str]:
        return [("setosa", "versicolor", "virginica")[number] for number in numbers]
