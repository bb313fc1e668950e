"""Whether both middlewares did their work, and the mounted application."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:
        return {
            "api": kept(client.post("/predict", json={"letter": "x"}), "x-stamp", "content-encoding"),
            "mounted": kept(client.get("/flask/hello"), "x-stamp"),
        }
