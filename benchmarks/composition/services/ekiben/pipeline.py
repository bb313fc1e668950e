"""Two services in processes of their own: what a request is made of, and a linear model on batches of it."""

import numpy as np

import ekiben

CLASSES = 3
FEATURES = 4
ARRAY = np.ones((1250, 1000))  # 10 MB


@ekiben.service
class Model:
    def __init__(self) -> None:
        self.weights = np.arange(FEATURES * CLASSES, dtype=float).reshape(FEATURES, CLASSES)

    @ekiben.api(batchable=True, max_batch_size=64)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return (rows @ self.weights).argmax(axis=1)

    @ekiben.api
    def corner(self, array: np.ndarray) -> float:
        return float(array[-1, -1])

    @ekiben.api
    def negative(self, array: np.ndarray) -> np.ndarray:
        return -array


@ekiben.service(threads=16)
class Pipeline:
    model = ekiben.depends(Model)

    @ekiben.api
    async def classify(self, values: list[float]) -> list[int]:
        rows = np.asarray([values])
        return (await self.model.to_async.predict(rows)).tolist()

    @ekiben.api
    def classify_sync(self, values: list[float]) -> list[int]:
        return self.model.predict(np.asarray([values])).tolist()

    @ekiben.api
    async def send_array(self, values: list[float]) -> list[float]:
        return [await self.model.to_async.corner(ARRAY)]

    @ekiben.api
    async def send_and_get_array(self, values: list[float]) -> list[float]:
        return [float((await self.model.to_async.negative(ARRAY))[-1, -1])]
