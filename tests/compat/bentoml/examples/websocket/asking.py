"""A conversation, and an ordinary call beside it."""

import httpx
from websockets.sync.client import connect

from tests.compat.bentoml.answers import kept


def ask(url: str) -> dict[str, object]:
    with connect(url.replace("http", "ws", 1) + "/ws/chat") as chat:
        chat.send("hello")
        first = chat.recv()
        chat.send("again")
        return {"chat": [first, chat.recv()], "api": kept(httpx.post(f"{url}/ping", json={}))}
