"""The application's routes below its path, and the service's own."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:
        return {
            "api": kept(client.post("/predict", json={"number": 1})),
            "mounted": kept(client.get("/v1/hello")),
            "with parameters": kept(client.get("/v1/items/3", params={"q": "x"})),
            "not there": kept(client.get("/v1/nothing")),
        }
