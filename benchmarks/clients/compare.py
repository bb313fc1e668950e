"""What a call costs whoever makes it: our clients and BentoML's on one server of ours, one call after the other.

    python benchmarks/clients/compare.py [--seconds 2]

Prints calls per second and the median of a call, for a row of four numbers and for an array of 10 MB. The method gives
its array back, and the server's work is in the figures. `depends(url=)` is how a service calls another behind a URL.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import bentoml
import numpy as np

from ekiben.clients.server import Server, serve
from ekiben.serving.composition.remote import RemoteService
from ekiben.serving.payload.values import decode_values, encode_values
from ekiben.serving.wire import Call, Reply

SERVICE = """
import ekiben
import numpy as np

@ekiben.service(name="Echo")
class Echo:
    @ekiben.api
    def echo(self, rows: np.ndarray) -> np.ndarray:
        return rows
"""
SIZES = {"a row": (1, 4), "10 MB": (10, 125_000)}
Ask = Callable[[], Any]


async def remotely(service: RemoteService, rows: np.ndarray[Any, Any]) -> object:
    """The call as a service makes it."""
    answer = await service.answer(Call("echo", encode_values({"rows": rows}), "id"))
    assert isinstance(answer, Reply)
    assert answer.status == 200
    return decode_values(answer.payload.body)


def measure(name: str, ask: Ask, seconds: float) -> None:
    """Prints the figures of a function that blocks."""
    ask()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        begun = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begun)
    show(name, times)


async def measure_awaiting(name: str, ask: Callable[[], Awaitable[object]], seconds: float) -> None:
    """The same of a coroutine function."""
    await ask()
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        begun = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - begun)
    show(name, times)


def show(name: str, times: list[float]) -> None:
    """One row."""
    print(f"{name:<26}{len(times) / sum(times):>10.0f}{statistics.median(times) * 1000:>12.2f}")


async def awaiting(server: Server, rows: np.ndarray[Any, Any], seconds: float) -> None:
    """The ways that await."""
    remote = RemoteService(server.url, timeout_s=60)
    await measure_awaiting("depends(url=)", lambda: remotely(remote, rows), seconds)
    remote.close()
    async with server.get_async_client() as client:
        await measure_awaiting("AsyncHTTPClient", lambda: client.echo(rows), seconds)
    async with bentoml.AsyncHTTPClient(server.url) as client:
        await measure_awaiting("bentoml.AsyncHTTPClient", lambda: client.echo(rows=rows), seconds)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2, help="for each way and size")
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "service.py").write_text(SERVICE)
        with serve("service:Echo", working_dir=folder, access_log=False) as server:
            for size, shape in SIZES.items():
                rows = np.random.default_rng(7).random(shape)
                print(f"\n{size:<26}{'calls/s':>10}{'median ms':>12}")
                with server.get_client() as client:
                    measure("SyncHTTPClient", partial(client.echo, rows), seconds)
                with bentoml.SyncHTTPClient(server.url) as client:
                    measure("bentoml.SyncHTTPClient", partial(client.echo, rows=rows), seconds)
                asyncio.run(awaiting(server, rows, seconds))


if __name__ == "__main__":
    main()
