"""Text and JSON, alone and many at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    plain = {"content-type": "text/plain"}
    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(8) as threads:
        many = threads.map(lambda number: client.post("/measure", json=["good" * number]).json(), range(1, 17))
        return {
            "positive": kept(client.post("/analysis", content="a great day", headers=plain)),
            "negative": kept(client.post("/analysis", content="a bad day", headers=plain)),
            "text": kept(client.post("/echo", content="hello", headers=plain)),
            "json": kept(client.post("/measure", json=["good", "bad"])),
            "many": list(many),
        }
