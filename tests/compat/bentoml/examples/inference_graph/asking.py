"""Once with the default, and many at once."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(8) as threads:
        many = threads.map(
            lambda number: client.post("/generate_score", json={"original_sentence": f"N{number}"}).json(), range(16)
        )
        return {"graph": kept(client.post("/generate_score", json={})), "many": list(many)}
