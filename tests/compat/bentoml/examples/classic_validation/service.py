"""A body checked by a pydantic model, and data frames."""

import bentoml
import pandas as pd
from bentoml.io import JSON, NumpyNdarray, PandasDataFrame
from pydantic import BaseModel

runner = bentoml.picklable_model.get("area:latest").to_runner()

svc = bentoml.Service("iris_classifier_pydantic", runners=[runner])


class IrisFeatures(BaseModel):
    sepal_len: float
    sepal_width: float
    # Optional field
    request_id: int | None = None


@svc.api(input=JSON(pydantic_model=IrisFeatures), output=NumpyNdarray())
def classify(features: IrisFeatures):
    frame = pd.DataFrame([features.model_dump(exclude={"request_id"})])
    return runner.run(frame)


@svc.api(
    input=PandasDataFrame(orient="records", columns=["sepal_len", "sepal_width"]),
    output=PandasDataFrame(orient="records"),
)
async def areas(frame: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"area": await runner.async_run(frame)})
