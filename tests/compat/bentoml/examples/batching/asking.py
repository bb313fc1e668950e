"""Each API alone, then many clients at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client, ThreadPoolExecutor(16) as threads:
        sentences = ["a" * number for number in range(40)]
        many = threads.map(lambda one: client.post("/encode", json={"sentences": [one]}).json(), sentences)
        return {
            "encode": kept(client.post("/encode", json={"sentences": ["one two", "three"]})),
            "sentiment": kept(client.post("/analyze_sentiment", json={"texts": ["good", "bad"]})),
            "columns": kept(client.post("/scale", json={"columns": [[1, 2], [3, 4]]})),
            "models": kept(client.post("/judge", json={"inputs": [{"text": "long", "threshold": 2.5}]})),
            "many": list(many),
        }
