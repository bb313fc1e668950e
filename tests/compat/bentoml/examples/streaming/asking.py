"""The whole of each stream."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:
        return {
            "async": kept(client.post("/generate", json={"prompt": "one two three four"})),
            "sync": kept(client.post("/count", json={"until": 3})),
            "no prompt": kept(client.post("/count", json={})),
        }
