"""A classic service in a real server: runners in their own processes, batched as the file says, counted, replaced."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serving.server_process import ServerProcess, eventually, serving, started, write_service

SOURCE = '''
import asyncio, os, time
import numpy as np
import ekiben as bentoml
from ekiben.io import JSON, Text

class Work(bentoml.Runnable):
    SUPPORTED_RESOURCES = ("cpu",)
    SUPPORTS_CPU_MULTI_THREADING = True

    @bentoml.Runnable.method(batchable=True, batch_dim=0)
    def double(self, rows):
        time.sleep(0.02)
        return np.asarray(rows) * 2

    @bentoml.Runnable.method
    def pid(self):
        return os.getpid()

    @bentoml.Runnable.method
    def spell(self, word):
        yield from word

    @bentoml.Runnable.method
    def fail(self, how):
        raise bentoml.exceptions.BadInput("not this") if how == "input" else RuntimeError("a secret")

runner = bentoml.Runner(Work, name="Worker")
inside = bentoml.Runner(Work, name="Inside", embedded=True)
svc = bentoml.Service("classic", runners=[runner, inside])

@svc.api(input=JSON(), output=JSON())
async def many(rows):
    """Several calls at once: one batch of the runner."""
    found = await asyncio.gather(*(runner.double.async_run(np.array([[row]])) for row in rows))
    return [int(one[0, 0]) for one in found]

@svc.api(input=JSON(), output=JSON())
def blocking(rows):
    return runner.double.run(rows=rows).tolist()

@svc.api(input=JSON(), output=JSON())
async def pids(_):
    return [os.getpid(), await inside.pid.async_run(), await runner.pid.async_run()]

@svc.api(input=Text(), output=Text(content_type="text/event-stream"))
async def spell(word):
    async for one in runner.spell.async_stream(word):
        yield one

@svc.api(input=Text(), output=Text())
async def fail(how):
    return await runner.fail.async_run(how)

@svc.api(input=JSON(), output=JSON())
async def blocked(rows):
    return runner.double.run(rows).tolist()
'''
CONFIGURATION = """
runners:
  Worker:
    batching: {enabled: true, max_batch_size: 4, max_latency_ms: 1000}
  Inside:
    batching: {enabled: false}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    project = write_service(tmp_path_factory.mktemp("classic") / "project", SOURCE)
    (project / "bentoml_configuration.yml").write_text(CONFIGURATION)
    with serving(project) as server:
        yield server


def test_calls_at_once_are_batched_as_the_file_says_and_counted(server: ServerProcess) -> None:
    assert server.client.post("/many", json=list(range(9))).json() == [row * 2 for row in range(9)]
    labels = '{method="double",runner="Worker"}'
    assert server.metric(f"ekiben_runner_batch_size_sum{labels}") == 9
    assert 3 <= server.metric(f"ekiben_runner_batch_size_count{labels}") < 9
    assert server.metric('ekiben_runner_batch_size_bucket{le="4.0",' + labels[1:]) == server.metric(
        f"ekiben_runner_batch_size_count{labels}"
    )
    assert server.metric(f"ekiben_runner_request_duration_seconds_count{labels}") == 9


@pytest.mark.parametrize("route", ["/many", "/blocking"])
def test_requests_of_several_clients_meet_in_a_runners_batch(server: ServerProcess, route: str) -> None:
    batches = 'ekiben_runner_batch_size_count{method="double",runner="Worker"}'
    before = server.metric(batches)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda row: server.client.post(route, json=[row]).json(), range(24)))
    assert answers == [[row * 2] for row in range(24)]
    assert server.metric(batches) - before < 24


def test_synchronous_functions_call_by_run(server: ServerProcess) -> None:
    assert server.client.post("/blocking", json=[1, 2, 3, 4, 5, 6]).json() == [2, 4, 6, 8, 10, 12]


def test_blocking_the_loop_is_refused_in_words(server: ServerProcess) -> None:
    answer = server.client.post("/blocked", json=[1])
    assert answer.status_code == 500
    assert "`double.run` was called by an async function" in answer.json()["error"]


def test_a_runner_has_a_process_of_its_own_unless_it_is_embedded(server: ServerProcess) -> None:
    own, embedded, apart = server.client.post("/pids", content="null").json()
    assert own == embedded == server.process.pid
    assert apart != own


def test_a_runners_stream_comes_through(server: ServerProcess) -> None:
    answer = server.client.post("/spell", content="abc")
    assert (answer.headers["content-type"], answer.text) == ("text/event-stream", "abc")


@pytest.mark.parametrize(("how", "status"), [("input", 400), ("else", 500)])
def test_a_runners_failure_is_its_callers(server: ServerProcess, how: str, status: int) -> None:
    answer = server.client.post("/fail", content=how)
    assert answer.status_code == status
    assert "secret" not in answer.text


def test_what_cannot_be_batched_is_told_once_at_the_start(server: ServerProcess) -> None:
    told = [line for line in server.output().splitlines() if "asks for batches" in line]
    assert len(told) == 1
    assert "`pid`, `spell`, `fail`" in told[0]


def test_a_killed_runner_is_replaced(server: ServerProcess) -> None:
    before = server.client.post("/pids", content="null").json()[2]
    os.kill(before, signal.SIGKILL)

    def is_another() -> bool:
        answer = server.client.post("/pids", content="null")
        return answer.status_code == 200 and answer.json()[2] != before

    eventually(is_another)


def test_a_runner_that_is_served_alone_is_called_by_its_url(server: ServerProcess) -> None:
    project = server.log.parent
    apart = write_service(project.parent / "apart", SOURCE)
    with started(apart, "service:svc", "--service", "Worker", "--root", str(apart), "-p", "0") as runner:
        assert runner.client.post("/double", json=[[1, 2]]).json() == [2, 4]
        caller = write_service(project.parent / "caller", SOURCE)
        with serving(caller, environ={"EKIBEN_SERVICE_WORKER_URL": runner.url}) as service:
            assert service.client.post("/many", json=[1, 2, 3]).json() == [2, 4, 6]
            assert service.client.post("/fail", content="input").status_code == 400
        assert runner.metric('ekiben_runner_batch_size_sum{method="double",runner="Worker"}') == 5
