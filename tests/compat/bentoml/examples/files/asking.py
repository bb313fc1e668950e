"""Multipart forms with one file, a file and a field, several files."""

import httpx

from tests.compat.bentoml.answers import kept, picture


def ask(url: str) -> dict[str, object]:
    image = picture((250, 0, 0), (0, 250, 0), (0, 0, 250))
    with httpx.Client(base_url=url) as client:
        return {
            "an image": kept(client.post("/mirror", files={"image": ("a.png", image, "image/png")})),
            "a file": kept(client.post("/length", files={"audio": ("a.mp3", b"ID3abc", "audio/mpeg")})),
            "a file and a field": kept(
                client.post("/append", files={"doc": ("a.txt", b"begin ", "text/plain")}, data={"line": "middle"})
            ),
            "several": kept(client.post("/total", files=[("docs", (f"{n}", b"x" * n)) for n in (1, 2, 3)])),
            "no file": kept(client.post("/mirror", json={})),
        }
