"""An SVC on four features, batched."""

import os

import joblib
import numpy as np

import ekiben


@ekiben.service
class Iris:
    def __init__(self) -> None:
        self.classifier = joblib.load(os.environ["IRIS_MODEL"])

    @ekiben.api(batchable=True, max_batch_size=64)
    def classify(self, flowers: np.ndarray) -> np.ndarray:
        return self.classifier.predict(flowers)
