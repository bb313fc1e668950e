"""What BentoML's own client makes of our tasks: `python bentoml_asking.py URL`; its warnings are its own affair."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from bentoml import AsyncHTTPClient
from bentoml.exceptions import BentoMLException


async def ended(task: Any) -> str:
    """How it ended, asked as BentoML's users do."""
    while (status := await task.get_status()).value == "in_progress":  # noqa: ASYNC110 - a client is told nothing
        await asyncio.sleep(0.01)
    return str(status.value)


async def ask(url: str) -> dict[str, object]:
    """Submits, asks, retries, cancels."""
    seen: dict[str, object] = {}
    async with AsyncHTTPClient(url) as client:
        task = await client.square.submit(x=7, nap=0.3)
        try:
            await task.get()
        except BentoMLException as error:
            seen["early"] = type(error).__name__
        seen["status"] = await ended(task)
        seen["result"] = await task.get()
        again = await task.retry()
        await ended(again)
        seen["again"] = await again.get()
        waiting = await client.wait.submit(seconds=60)
        await waiting.cancel()
        seen["canceled"] = await ended(waiting)
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask(sys.argv[1]))))
