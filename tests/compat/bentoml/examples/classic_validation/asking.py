"""What fits the model and what does not, and frames of records."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    records = [{"sepal_len": 2, "sepal_width": 3}, {"sepal_len": 1.5, "sepal_width": 2}]
    with httpx.Client(base_url=url, timeout=30) as client:
        return {
            "a model": kept(client.post("/classify", json=records[0])),
            "not a model": kept(client.post("/classify", json={"sepal_len": 2})),
            "a frame": kept(client.post("/areas", json=records)),
        }
