"""One flower, several at once from several clients, and none at all."""

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.compat.bentoml.answers import kept

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4], [6.3, 3.3, 6.0, 2.5]]


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client, ThreadPoolExecutor(8) as threads:
        together = threads.map(
            lambda flower: client.post("/classify", json={"input_series": [flower]}).json(), FLOWERS * 8
        )
        return {
            "all": kept(client.post("/classify", json={"input_series": FLOWERS})),
            "together": list(together),
            "no array": kept(client.post("/classify", json={"input_series": "flower"})),
            "names": kept(client.post("/names", json={"numbers": [2, 0]})),
        }
