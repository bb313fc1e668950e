"""Several parameters and batching: a model groups them into one input, and a service in front takes them apart.

A batchable API has one parameter. So `ImageService` takes a list of `BatchInput`, and `Threshold`, which clients talk
to, takes an image and a threshold and calls it with a list of one. The batcher between the two joins what many clients
send at the same time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import PIL.Image
from pydantic import BaseModel, Field

import ekiben


class BatchInput(BaseModel):
    """What one request asks for. `threshold` is a share of white: 0 to 1."""

    image: Path
    threshold: float


@ekiben.service(resources={"cpu": 1})
class ImageService:
    """Makes images black and white, many at a time."""

    @ekiben.api(batchable=True, max_batch_size=16, max_latency_ms=1000)
    def predict(self, inputs: list[BatchInput]) -> list[Path]:
        """One image for each input, every pixel black or white."""
        return [self.binarize(one.image, one.threshold) for one in inputs]

    def binarize(self, image: Path, threshold: float) -> Path:
        """The image as a PNG beside it."""
        with PIL.Image.open(image) as opened:
            grey = np.asarray(opened.convert("L"))
        target = image.with_name(f"{image.stem}-binary.png")
        PIL.Image.fromarray(np.where(grey >= threshold * 255, 255, 0).astype("uint8")).save(target)
        return target


@ekiben.service(threads=16)
class Threshold:
    """What clients talk to. Its 16 threads are as many requests as can be joined to one batch."""

    batch = ekiben.depends(ImageService)

    @ekiben.api
    def generate(self, image: Path, threshold: Annotated[float, Field(ge=0, le=1)] = 0.5) -> Path:
        """The image in black and white."""
        result: list[Path] = self.batch.predict([BatchInput(image=image, threshold=threshold)])
        return result[0]
