"""A form of two parts, and bodies that are an image or a file."""

import json

import httpx

from tests.compat.bentoml.answers import kept, picture


def ask(url: str) -> dict[str, object]:
    image = picture((250, 0, 0), (0, 250, 0))
    form = {
        "image": ("a.png", image, "image/png"),
        "annotations": ("a.json", json.dumps({"labels": ["lake"]}), "application/json"),
    }
    png = {"content-type": "image/png"}
    with httpx.Client(base_url=url, timeout=30) as client:
        return {
            "a form": kept(client.post("/predict", files=form)),
            "an image": kept(client.post("/invert", content=image, headers=png)),
            "pixels": kept(client.post("/pixels", content=image, headers=png)),
            "a file": kept(
                client.post("/size", content=b"12345", headers={"content-type": "application/octet-stream"})
            ),
        }
