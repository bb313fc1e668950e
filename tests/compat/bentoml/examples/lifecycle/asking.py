"""What the hooks left, and both sides of a request."""

import httpx

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with httpx.Client(base_url=url) as client:
        return {
            "ready": client.get("/readyz").status_code,
            "alive": client.get("/livez").status_code,
            "hooks": kept(client.post("/hooks", json={})),
            "state": kept(client.post("/hooks", json={})),
            "context": kept(client.post("/about", json={}, headers={"x-token": "t"}), "x-custom"),
        }
