"""ProcessWorker and its child: real processes, killed for real."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.wire import JSON, Call, Payload
from ekiben.serving.workers.messages import Start
from ekiben.serving.workers.process import THREAD_VARIABLES, ProcessWorker, child_environment
from ekiben.serving.workers.worker import WorkerDied, WorkerGone
from tests.serving.server_process import environment, write_service


@asynccontextmanager
async def worker_of(project: Path, service: str = "service") -> AsyncIterator[ProcessWorker]:
    worker = ProcessWorker(Start(service, str(project), None, 1, {}, "warning"), environment())
    try:
        await worker.start()
        yield worker
    finally:
        await worker.stop()


def call_of(endpoint: str, body: bytes) -> Call:
    return Call(endpoint, Payload(JSON, body), "id")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path)


def test_a_child_answers_calls_and_probes_and_stops(project: Path) -> None:
    async def run() -> None:
        async with worker_of(project) as worker:
            await worker.probe()
            calls = [call_of("double", b'{"rows": [[1.0]]}'), call_of("double", b'{"rows": [[2.0], [3.0]]}')]
            replies = await worker.run("double", calls)
            assert [reply.payload.body for reply in replies] == [b"[[2.0]]", b"[[4.0],[6.0]]"]
        await worker.wait_closed()

    asyncio.run(run())


def test_a_large_body_comes_through_whole(project: Path) -> None:
    async def run() -> None:
        rows = b'{"rows": [' + b",".join([b"[1.0]"] * 200_000) + b"]}"
        async with worker_of(project) as worker:
            [reply] = await worker.run("double", [call_of("double", rows)])
            assert reply.payload.body.count(b"2.0") == 200_000

    asyncio.run(run())


def test_runs_under_way_are_told_that_their_worker_died(project: Path) -> None:
    async def run() -> None:
        async with worker_of(project) as worker:
            under_way = asyncio.create_task(worker.run("nap", [call_of("nap", b'{"seconds": 20}')]))
            await worker.probe()
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(WorkerDied):
                await under_way
            await worker.wait_closed()
            with pytest.raises(WorkerGone):
                await worker.probe()

    asyncio.run(run())


def test_a_child_ignores_the_terminals_signals(project: Path) -> None:
    async def run() -> None:
        async with worker_of(project) as worker:
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGINT)
            os.kill(worker.pid, signal.SIGTERM)
            await worker.probe()

    asyncio.run(run())


def test_a_thread_that_hangs_does_not_keep_a_child_from_stopping(project: Path) -> None:
    async def run() -> None:
        async with worker_of(project) as worker:
            hanging = asyncio.create_task(worker.run("nap", [call_of("nap", b'{"seconds": 60}')]))
            await worker.probe()
            async with asyncio.timeout(4):
                await worker.stop()
            with pytest.raises(WorkerDied):
                await hanging

    asyncio.run(run())


def test_a_service_that_does_not_import_is_an_error_in_the_childs_words(tmp_path: Path) -> None:
    async def run() -> None:
        async with worker_of(write_service(tmp_path, "import no_such_module\n")):
            pass

    with pytest.raises(ServiceError, match="no_such_module"):
        asyncio.run(run())


def test_children_share_the_cores_unless_something_is_set() -> None:
    shared = child_environment({"OMP_NUM_THREADS": "7"}, cores=8, workers=3)
    assert [shared[name] for name in THREAD_VARIABLES] == ["7", "2", "2", "2"]
