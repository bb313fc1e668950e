"""ProcessWorker and its child: real processes, killed for real."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ekiben.errors import InternalError, ServiceError
from ekiben.serving.composition.stations import Stations
from ekiben.serving.metrics.ledger import WorkerLedger
from ekiben.serving.wire import JSON, Call, Payload, Reply, StreamReply
from ekiben.serving.workers.messages import Start
from ekiben.serving.workers.process import ProcessWorker
from ekiben.serving.workers.worker import WorkerDied, WorkerGone
from tests.serving.server_process import environment, eventually, write_service


@asynccontextmanager
async def worker_of(project: Path, service: str = "service") -> AsyncIterator[ProcessWorker]:
    start = Start(service, None, str(project), None, 1, {}, "warning")
    worker = ProcessWorker(start, environment(), WorkerLedger().open(1), Stations())
    try:
        await worker.start()
        yield worker
    finally:
        await worker.stop()


def call_of(endpoint: str, body: bytes) -> Call:
    return Call(endpoint, Payload(JSON, body), "id")


STREAMING = """
import asyncio, time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
import ekiben

@ekiben.service
class Counter:
    @ekiben.api
    def count(self, upto: int, note: str = "") -> Iterator[str]:
        try:
            for number in range(upto):
                yield f"{number} "
        finally:
            if note:
                Path(note).write_text("closed")

    @ekiben.api
    async def count_async(self, upto: int, note: str = "") -> AsyncIterator[str]:
        try:
            for number in range(upto):
                yield f"{number} "
                await asyncio.sleep(0)
        finally:
            if note:
                Path(note).write_text("closed")

    @ekiben.api
    def late(self, note: str) -> Iterator[str]:
        try:
            time.sleep(0.5)
            yield "late"
        finally:
            Path(note).write_text("closed")

    @ekiben.api
    async def late_async(self, note: str) -> AsyncIterator[str]:
        try:
            await asyncio.sleep(60)
            yield "late"
        finally:
            Path(note).write_text("closed")

    @ekiben.api
    def broken(self) -> Iterator[str]:
        yield "one"
        raise RuntimeError("a secret of the service")

    @ekiben.api
    async def broken_async(self) -> AsyncIterator[str]:
        yield "one"
        raise RuntimeError("a secret of the service")
"""


@pytest.fixture
def streaming(tmp_path: Path) -> Path:
    return write_service(tmp_path, STREAMING)


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


def test_a_child_imports_nothing_from_the_folder_that_it_is_started_in(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with worker_of(project):
            pass

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("json", "numpy", "service"):
        (elsewhere / f"{name}.py").write_text("raise SystemExit('imported from the current folder')\n")
    monkeypatch.chdir(elsewhere)
    asyncio.run(run())


def test_a_large_body_comes_through_whole(project: Path) -> None:
    async def run() -> None:
        rows = b'{"rows": [' + b",".join([b"[1.0]"] * 200_000) + b"]}"
        async with worker_of(project) as worker:
            [reply] = await worker.run("double", [call_of("double", rows)])
            assert bytes(reply.payload.body).count(b"2.0") == 200_000

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


async def stream_of(worker: ProcessWorker, endpoint: str, body: bytes) -> StreamReply:
    answer = await worker.stream(endpoint, call_of(endpoint, body))
    assert isinstance(answer, StreamReply)
    return answer


@pytest.mark.parametrize("endpoint", ["count", "count_async"])
def test_a_stream_comes_in_pieces_and_in_order(streaming: Path, endpoint: str) -> None:
    async def run() -> None:
        async with worker_of(streaming) as worker:
            answer = await stream_of(worker, endpoint, b'{"upto": 1000}')
            chunks = [chunk async for chunk in answer.chunks]
            assert b"".join(chunks) == "".join(f"{number} " for number in range(1000)).encode()
            assert answer.status == 200
            await worker.wait_idle()

    asyncio.run(run())


@pytest.mark.parametrize("endpoint", ["count", "count_async"])
def test_a_stream_that_is_closed_has_ended_in_the_child(streaming: Path, tmp_path: Path, endpoint: str) -> None:
    async def run() -> None:
        note = tmp_path / "note"
        async with worker_of(streaming) as worker:
            body = b'{"upto": 100000000, "note": "%s"}' % str(note).encode()
            answer = await stream_of(worker, endpoint, body)
            await anext(answer.chunks)
            await answer.chunks.aclose()
            assert note.read_text() == "closed"
            await worker.wait_idle()

    asyncio.run(run())


@pytest.mark.parametrize("endpoint", ["late", "late_async"])
def test_a_stream_that_nobody_waits_for_any_more_ends_before_its_first_chunk(
    streaming: Path, tmp_path: Path, endpoint: str
) -> None:
    async def run() -> None:
        note = tmp_path / "note"
        async with worker_of(streaming) as worker:
            call = call_of(endpoint, b'{"note": "%s"}' % str(note).encode())
            waiting = asyncio.create_task(worker.stream(endpoint, call))
            await worker.probe()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert note.read_text() == "closed"
            await worker.wait_idle()

    asyncio.run(run())


@pytest.mark.parametrize("endpoint", ["broken", "broken_async"])
def test_a_stream_that_breaks_off_raises_after_what_came_before(streaming: Path, endpoint: str) -> None:
    async def run() -> None:
        async with worker_of(streaming) as worker:
            answer = await stream_of(worker, endpoint, b"{}")
            assert await anext(answer.chunks) == b"one"
            with pytest.raises(InternalError):
                await anext(answer.chunks)
            await worker.wait_idle()

    asyncio.run(run())


def test_what_goes_wrong_before_the_first_chunk_is_an_ordinary_reply(streaming: Path) -> None:
    async def run() -> None:
        async with worker_of(streaming) as worker:
            answer = await worker.stream("count", call_of("count", b'{"upto": "many"}'))
            assert isinstance(answer, Reply)
            assert answer.status == 400

    asyncio.run(run())


def test_a_workers_death_breaks_its_streams_off(streaming: Path) -> None:
    async def run() -> None:
        async with worker_of(streaming) as worker:
            answer = await stream_of(worker, "count", b'{"upto": 100000000}')
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(WorkerDied):
                async for _ in answer.chunks:
                    pass
            await answer.chunks.aclose()

    asyncio.run(run())


def test_a_service_that_does_not_import_is_an_error_in_the_childs_words(tmp_path: Path) -> None:
    async def run() -> None:
        async with worker_of(write_service(tmp_path, "import no_such_module\n")):
            pass

    with pytest.raises(ServiceError, match="no_such_module"):
        asyncio.run(run())


def test_a_child_that_hangs_shows_where_before_it_ends(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def run() -> None:
        note = project / "note"
        async with worker_of(project) as worker:
            body = b'{"seconds": 60, "note": "%s"}' % str(note).encode()
            hanging = asyncio.create_task(worker.run("nap", [call_of("nap", body)]))
            await asyncio.to_thread(eventually, note.exists)
            worker.abort()
            with pytest.raises(WorkerDied):
                await hanging

    asyncio.run(run())
    assert "in nap" in capfd.readouterr().err


def test_a_child_that_was_stopped_is_ended_all_the_same(project: Path) -> None:
    async def run() -> None:
        async with worker_of(project) as worker:
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGSTOP)
            worker.abort()
            async with asyncio.timeout(10):
                await worker.wait_closed()

    asyncio.run(run())


def test_a_child_says_how_much_memory_it_holds(project: Path) -> None:
    async def run() -> None:
        async with worker_of(project) as worker:
            assert 10 * 1024**2 < worker.memory_bytes() < 1024**3

    asyncio.run(run())


def descriptors() -> set[Path]:
    """What this process has open."""
    gc.collect()
    return set(Path("/proc/self/fd").iterdir())


def test_a_killed_childs_large_bodies_leave_no_descriptor(project: Path) -> None:
    async def run() -> None:
        before = descriptors()
        rows = b'{"rows": [' + b",".join([b"[%d]"] * 100_000) + b"]}"
        harmless, deadly = (call_of("double", rows.replace(b"%d", number)) for number in (b"12", b"13"))
        for _ in range(3):
            async with worker_of(project) as worker:
                assert (await worker.run("double", [harmless]))[0].status == 200
                with pytest.raises(WorkerDied):
                    await worker.run("double", [deadly])
        await asyncio.sleep(0)
        assert descriptors() <= before

    asyncio.run(run())
