"""Two services: a preprocessing step on its own, and the classifier that depends on it."""

from __future__ import annotations

import bentoml
import numpy as np


@bentoml.service(resources={"cpu": "200m", "memory": "512Mi"})
class Preprocessing:
    # a dummy preprocessing step
    @bentoml.api
    def preprocess(self, input_series: np.ndarray) -> np.ndarray:
        return input_series


@bentoml.service(resources={"cpu": "1", "memory": "2Gi"})
class IrisClassifier:
    iris_ref = bentoml.models.BentoModel("iris_sklearn:latest")
    preprocessing = bentoml.depends(Preprocessing)

    def __init__(self) -> None:
        self.model = bentoml.sklearn.load_model(self.iris_ref)

    @bentoml.api
    def classify(self, input_series: np.ndarray) -> np.ndarray:
        input_series = self.preprocessing.preprocess(input_series)
        return self.model.predict(input_series)
