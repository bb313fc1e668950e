"""A body that is the array, well shaped and not."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.compat.bentoml.answers import kept

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]]


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url, timeout=30) as client, ThreadPoolExecutor(8) as threads:
        many = threads.map(lambda flower: client.post("/v1/checked", json=[flower]).json(), FLOWERS * 5)
        return {
            "classify": kept(client.post("/classify", json=FLOWERS)),
            "a shape": kept(client.post("/v1/checked", json=FLOWERS)),
            "another shape": kept(client.post("/v1/checked", json=[[1, 2]])),
            "no array": kept(client.post("/classify", content=b"{")),
            "many": list(many),
        }
