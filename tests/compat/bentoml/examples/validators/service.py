"""Types that say more: shapes, dtypes, columns, bounds; and an input that is the whole body."""

from __future__ import annotations

import typing as t

import bentoml
import numpy as np
import pandas as pd
from bentoml.validators import DataframeSchema, DType, Shape
from pydantic import BaseModel, Field


class Flower(BaseModel):
    length: float
    width: float = 1.0


@bentoml.service
class Validated:
    @bentoml.api
    def norm(self, tensor: t.Annotated[np.ndarray, Shape((2, 2)), DType("float32")]) -> list[float]:
        return np.round(np.linalg.norm(tensor, axis=1), 3).tolist()

    @bentoml.api
    def columns(
        self, frame: t.Annotated[pd.DataFrame, DataframeSchema(orient="records", columns=["a", "b"])]
    ) -> dict[str, int]:
        return {name: int(frame[name].sum()) for name in frame.columns}

    @bentoml.api
    def bounded(self, number: t.Annotated[int, Field(ge=0, le=10)] = 5) -> int:
        return number

    @bentoml.api
    def area(self, flower: Flower, /) -> float:
        return flower.length * flower.width

    @bentoml.api
    def double(self, flower: Flower) -> Flower:
        return Flower(length=flower.length * 2, width=flower.width * 2)
