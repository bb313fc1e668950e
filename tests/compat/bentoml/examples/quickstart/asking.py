"""With and without the default, on a route of its own, and without what is needed."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:
        return {
            "the default": kept(client.post("/summarize", json={})),
            "a text": kept(client.post("/summarize", json={"text": "One. Two."})),
            "a route": kept(client.post("/v2/summaries", json={"texts": ["a b c d", "e"], "max_words": 2})),
            "nothing": kept(client.post("/v2/summaries", json={})),
            "a wrong type": kept(client.post("/v2/summaries", json={"texts": 3})),
            "no such api": kept(client.post("/nothing", json={})),
            "a get": kept(client.get("/summarize")),
        }
