"""Run in a process of its own, which imports nothing of ekiben: BentoML's clients, on the server at `sys.argv[1]`.

Prints one JSON object: what each call gave.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bentoml
import numpy as np
import pandas as pd
from PIL import Image


def error_of(call: Callable[[], object]) -> list[str]:
    """The class and words of what a call raises."""
    try:
        call()
    except bentoml.exceptions.BentoMLException as error:
        return [type(error).__name__, str(error)]
    return []


def blocking(url: str, folder: Path) -> dict[str, Any]:
    """What the client that blocks gives."""
    letter, picture = folder / "letter.txt", folder / "red.png"
    letter.write_text("abc")
    Image.new("RGB", (8, 8), (255, 0, 0)).save(picture)
    with bentoml.SyncHTTPClient(url) as client:
        doubled = client.double(np.arange(3))
        grey = client.grey(photo=Image.open(picture), size=2)
        total = client.total(pd.DataFrame({"a": [1, 2], "b": [3, 4]}))
        return {
            "greet": client.greet(name="ada", times=2),
            "double": [type(doubled).__name__, doubled.tolist()],
            "move": client.move(point={"x": 1}, by=2),
            "shout": client.shout("quite"),
            "total": [type(total).__name__, total["total"].tolist()],
            "grey": [grey.mode, list(grey.size), list(client.grey(photo=picture, size=3).size)],
            "upper": client.upper(doc=letter).read_text(),
            "sizes": client.sizes(docs=[letter, letter]),
            "raw": list(client.raw()),
            "words": list(client.words(text="eins zwei")),
            "counts": list(client.counts(most=2)),
            "missing": error_of(client.missing),
            "fail": error_of(client.fail),
            "bad": error_of(lambda: client.double("x")),
        }


async def awaiting(url: str) -> dict[str, Any]:
    """What the client that awaits gives; tasks are here, since the other's `submit` fails in itself."""
    async with bentoml.AsyncHTTPClient(url) as client:
        task = await client.slowly.submit(number=3)
        seen = [(await task.get_status()).value]
        until_s = time.monotonic() + 20
        while seen[-1] in ("pending", "in_progress") and time.monotonic() < until_s:
            await asyncio.sleep(0.05)
            seen.append((await task.get_status()).value)
        again = await task.retry()
        return {
            "double": (await client.double(np.arange(2))).tolist(),
            "words": [word async for word in client.words(text="eins zwei")],
            "task": [seen[0] in ("pending", "in_progress"), seen[-1], await task.get(), again.id != task.id],
        }


if __name__ == "__main__":
    where = sys.argv[1]
    print(json.dumps({"sync": blocking(where, Path(sys.argv[2])), "async": asyncio.run(awaiting(where))}))
