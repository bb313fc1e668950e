"""The entry answers; the other service's API is no route."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url, timeout=30) as client:
        return {
            "classify": kept(client.post("/classify", json={"input_series": [[5.9, 3, 5.1, 1.8]]})),
            "preprocess": kept(client.post("/preprocess", json={"input_series": [[5.9, 3, 5.1, 1.8]]})),
        }
