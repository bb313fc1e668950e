from __future__ import annotations

import ekiben as bentoml
import numpy as np
from ekiben.io import JSON

embedding_runner = bentoml.picklable_model.get("demo_embedder:latest").to_runner(
    name="EmbeddingRunner",
)

classifier_runner = bentoml.sklearn.get("demo_classifier:latest").to_runner(
    name="ClassifierRunner",
)

svc = bentoml.Service(
    "demo_text_intelligence",
    runners=[embedding_runner, classifier_runner],
)


@svc.api(input=JSON(), output=JSON())
async def classify(payload: dict) -> dict:
    texts = payload.get("texts", [])
    if not isinstance(texts, list):
        return {"error": "texts must be a list"}
    if not texts:
        return {"labels": [], "scores": []}

    vectors = await embedding_runner.encode.async_run(texts)
    matrix = np.asarray(vectors)
    labels = await classifier_runner.predict.async_run(matrix)
    probabilities = await classifier_runner.predict_proba.async_run(matrix)

    return {
        "labels": labels.tolist(),
        "scores": probabilities.max(axis=1).round(4).tolist(),
    }
