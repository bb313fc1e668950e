"""The iris service for mosec: `iris.py --port PORT`.

`MOSEC_WAIT_MS` is its `max_wait_time`: 10 is mosec's default; its README wants it below the time of a batch, which
here is less than 1, the least that it takes.
"""

import os

import joblib
import mosec
import numpy as np


class Iris(mosec.Worker):
    def __init__(self) -> None:
        self.classifier = joblib.load(os.environ["IRIS_MODEL"])

    def forward(self, data: list[dict[str, list[list[float]]]]) -> list[list[int]]:
        flowers = np.array([one["flowers"][0] for one in data])
        return [[number] for number in self.classifier.predict(flowers).tolist()]


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Iris, max_batch_size=64, max_wait_time=int(os.environ["MOSEC_WAIT_MS"]), route="/classify")
    server.run()
