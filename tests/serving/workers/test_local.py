"""LocalWorker: streams in this process end when they are said to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

import ekiben
from ekiben.serving.calling.binding import Binding
from ekiben.serving.composition.stations import Stations
from ekiben.serving.declare.service import Service
from ekiben.serving.wire import JSON, Call, Payload
from ekiben.serving.workers.bringup import bring_up
from ekiben.serving.workers.health import Health
from ekiben.serving.workers.local import LocalWorker

GO_ON = threading.Event()
CLOSED: list[str] = []


@ekiben.service
class Late:
    def __is_ready__(self) -> bool:
        return False

    @ekiben.api
    def late(self) -> Iterator[str]:
        try:
            GO_ON.wait()
            yield "late"
        finally:
            CLOSED.append("late")

    @ekiben.api
    async def late_async(self) -> AsyncIterator[str]:
        try:
            await asyncio.sleep(60)
            yield "late"
        finally:
            CLOSED.append("late_async")


async def local_worker() -> LocalWorker:
    service: object = Late
    assert isinstance(service, Service)
    worker = LocalWorker(lambda: bring_up(Binding(service, Stations()), threads=1, batching={}))
    assert await worker.start() == Health(is_alive=True, is_ready=False)
    return worker


@pytest.mark.parametrize("endpoint", ["late", "late_async"])
def test_a_stream_that_is_cancelled_before_its_first_chunk_has_ended(endpoint: str) -> None:
    async def run() -> None:
        worker = await local_worker()
        opening = asyncio.create_task(worker.stream(endpoint, Call(endpoint, Payload(JSON, b"{}"), "id")))
        await asyncio.sleep(0.05)
        opening.cancel()
        await asyncio.sleep(0.05)
        assert opening.done() == (endpoint == "late_async")
        GO_ON.set()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert endpoint in CLOSED
        await worker.stop()

    CLOSED.clear()
    GO_ON.clear()
    asyncio.run(run())


def test_a_worker_in_this_process_tells_where_its_threads_stand(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        worker = await local_worker()
        hanging = asyncio.create_task(worker.stream("late", Call("late", Payload(JSON, b"{}"), "id")))
        await asyncio.sleep(0.05)
        worker.abort()
        GO_ON.set()
        await hanging
        await worker.stop()

    GO_ON.clear()
    asyncio.run(run())
    assert "GO_ON.wait()" in caplog.text
