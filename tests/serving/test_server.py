"""A server process, on real sockets with real workers: limits, failures, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ekiben.serving.healthcheck import is_alive
from tests.serving.server_process import ServerProcess, environment, eventually, free_port, serving, write_service


@pytest.fixture(scope="module", params=["1", "2"], ids=["in-process", "two-processes"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that tests share: nothing that they do may last."""
    project = write_service(tmp_path_factory.mktemp("project"))
    with serving(project, "--workers", request.param) as server:
        yield server


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path / "project")


def test_a_batchable_a_sync_and_an_async_api_answer(server: ServerProcess) -> None:
    assert server.post("/double", rows=[[1.0, 2.0]]).json() == [[2.0, 4.0]]
    assert server.post("/nap", seconds=0).json() == "rested"
    assert server.post("/wait", seconds=0).json() == "waited"


def test_concurrent_requests_share_batches_and_get_their_own_rows(server: ServerProcess) -> None:
    async def ask_all() -> list[object]:
        limits = httpx.Limits(max_connections=50)
        async with httpx.AsyncClient(base_url=server.url, timeout=30, limits=limits) as client:
            answers = [client.post("/double", json={"rows": [[float(number)]]}) for number in range(100, 300)]
            return [answer.json() for answer in await asyncio.gather(*answers)]

    assert asyncio.run(ask_all()) == [[[2.0 * number]] for number in range(100, 300)]
    requests = server.metric('ekiben_batch_wait_seconds_count{endpoint="double"')
    assert server.metric('ekiben_batch_size_count{endpoint="double"') < requests


def test_bad_input_names_the_field(server: ServerProcess) -> None:
    answer = server.post("/nap", seconds="long")
    assert answer.status_code == 400
    assert "seconds" in answer.json()["error"]


def test_an_unknown_content_type_is_415(server: ServerProcess) -> None:
    answer = server.client.post("/nap", content=b"x", headers={"content-type": "application/x-python-pickle"})
    assert answer.status_code == 415


def test_a_failure_of_the_service_tells_the_request_id_and_nothing_else(server: ServerProcess) -> None:
    answer = server.client.post("/fail", json={}, headers={"x-request-id": "from-the-client"})
    assert answer.status_code == 500
    assert "from-the-client" in answer.text
    assert "secret" not in answer.text
    assert "a secret of the service" in server.output()
    assert "from-the-client" in server.output()


def test_a_request_id_comes_back_and_a_dangerous_one_is_replaced(server: ServerProcess) -> None:
    assert server.client.get("/livez", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    replaced = server.client.get("/livez", headers={"x-request-id": 'a b"c'}).headers["x-request-id"]
    assert replaced.isalnum()


def test_a_context_sees_the_request(server: ServerProcess) -> None:
    headers = {"x-request-id": "mine", "user-agent": "test"}
    answer = server.client.post("/echo?q=x", json={}, headers=headers)
    assert answer.json() == {"id": "mine", "agent": "test", "query": "x"}


def test_methods_and_paths_that_do_not_exist(server: ServerProcess) -> None:
    assert server.client.get("/nowhere").status_code == 404
    wrong = server.client.get("/nap")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST, OPTIONS")
    options = server.client.options("/nap")
    assert (options.status_code, options.headers["allow"], options.content) == (204, "POST, OPTIONS", b"")
    head = server.client.head("/livez")
    assert (head.status_code, head.content) == (200, b"")


def test_the_documents_are_served(server: ServerProcess) -> None:
    assert "/double" in server.client.get("/docs.json").json()["paths"]
    assert server.client.get("/schema.json").status_code == 200
    assert "<title>Probe</title>" in server.client.get("/").text


def test_it_is_alive_healthy_and_ready(server: ServerProcess) -> None:
    assert [server.client.get(path).status_code for path in ("/livez", "/healthz", "/readyz")] == [200, 200, 200]


def test_requests_are_counted_by_code(server: ServerProcess) -> None:
    series = 'ekiben_request_total{code="200",endpoint="pid",service="Probe",version=""}'
    before = server.metric(series)
    server.post("/pid")
    assert server.metric(series) == before + 1


def test_a_slow_answer_is_504_and_an_async_one_is_cancelled(project: Path, tmp_path: Path) -> None:
    note = tmp_path / "note"
    with serving(project, "--timeout", "0.3", "--workers", "2") as server:
        assert server.post("/nap", seconds=1).status_code == 504
        assert server.post("/wait", seconds=20, note=str(note)).status_code == 504
        eventually(note.exists)


def test_a_timed_out_sync_call_keeps_its_slot_until_it_ends(project: Path, tmp_path: Path) -> None:
    note = tmp_path / "note"
    with serving(project, "--timeout", "0.5") as server:
        assert server.post("/nap", seconds=0.8, note=str(note)).status_code == 504
        assert server.post("/pid").status_code == 200
        assert note.read_text() == "done"


def test_requests_beyond_max_concurrency_are_429(project: Path) -> None:
    with serving(project, environ={"EKIBEN_MAX_CONCURRENCY": "1"}) as server:
        first = threading.Thread(target=server.post, args=("/wait",), kwargs={"seconds": 1.0})
        first.start()
        eventually(lambda: server.metric('ekiben_request_in_progress{endpoint="wait"') == 1)
        assert server.post("/pid").status_code == 429
        first.join()
        assert server.post("/pid").status_code == 200


def test_a_body_over_the_limit_is_413_declared_or_streamed(project: Path) -> None:
    with serving(project, environ={"EKIBEN_MAX_BODY": "1kb"}) as server:
        declared = server.client.post("/nap", content=b"x" * 2000)
        streamed = server.client.post("/nap", content=iter([b"x" * 600] * 100))
        assert (declared.status_code, streamed.status_code) == (413, 413)
        assert server.post("/nap", seconds=0).status_code == 200


def test_a_client_that_goes_away_leaves_the_queue(project: Path, tmp_path: Path) -> None:
    note = tmp_path / "note"
    with serving(project) as server:
        first = threading.Thread(target=server.post, args=("/nap",), kwargs={"seconds": 1.0})
        first.start()
        eventually(lambda: server.metric('ekiben_request_in_progress{endpoint="nap"') == 1)
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{server.url}/nap", json={"seconds": 0, "note": str(note)}, timeout=0.3)
        first.join()
        assert server.post("/pid").status_code == 200
        assert not note.exists()
        assert server.metric('ekiben_request_total{code="499",endpoint="nap"') == 1


def test_sigterm_lets_requests_finish_and_refuses_new_connections(project: Path) -> None:
    answers: list[httpx.Response] = []
    with serving(project, "--workers", "2") as server:
        under_way = threading.Thread(target=lambda: answers.append(server.post("/nap", seconds=1.5)))
        under_way.start()
        eventually(lambda: server.metric('ekiben_request_in_progress{endpoint="nap"') == 1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.url}/livez")
        assert server.process.wait(10) == 0
        under_way.join()
    assert [answer.json() for answer in answers] == ["rested"]


def test_sigint_ends_with_130(project: Path) -> None:
    with serving(project) as server:
        assert server.end(signal.SIGINT) == 130


def test_a_second_sigterm_ends_at_once(project: Path) -> None:
    with serving(project) as server:
        under_way = threading.Thread(target=_post_and_lose, args=(server, 20.0))
        under_way.start()
        eventually(lambda: server.metric('ekiben_request_in_progress{endpoint="nap"') == 1)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(3) == 128 + signal.SIGTERM
        under_way.join()


def test_the_drain_has_an_end(project: Path) -> None:
    with serving(project, environ={"EKIBEN_DRAIN_TIMEOUT": "1"}) as server:
        under_way = threading.Thread(target=_post_and_lose, args=(server, 20.0))
        under_way.start()
        eventually(lambda: server.metric('ekiben_request_in_progress{endpoint="nap"') == 1)
        begun = time.monotonic()
        assert server.end() == 0
        assert time.monotonic() - begun < 10
        under_way.join()


def test_a_killed_worker_costs_no_batched_request_and_is_replaced(project: Path) -> None:
    async def load(client: httpx.AsyncClient, number: int) -> list[int]:
        codes = []
        for _ in range(40):
            answer = await client.post("/double", json={"rows": [[100.0 + number]]})
            codes.append(answer.status_code)
        return codes

    async def load_and_kill(url: str, victim: int) -> list[list[int]]:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            clients = [asyncio.create_task(load(client, number)) for number in range(8)]
            await asyncio.sleep(0.2)
            os.kill(victim, signal.SIGKILL)
            return await asyncio.gather(*clients)

    with serving(project, "--workers", "2") as server:
        victim = server.post("/pid").json()
        codes = asyncio.run(load_and_kill(server.url, victim))
        assert {code for some in codes for code in some} == {200}
        eventually(lambda: server.metric("ekiben_worker_restarts_total") == 1)
        assert server.client.get("/readyz").status_code == 200


def test_the_request_that_kills_workers_is_500_and_its_neighbours_are_answered(project: Path) -> None:
    async def ask(url: str) -> dict[float, int]:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            values = [100.0, 13.0, 101.0, 102.0]
            asked = [client.post("/double", json={"rows": [[value]]}) for value in values]
            answers = await asyncio.gather(*asked)
            return dict(zip(values, (answer.status_code for answer in answers), strict=True))

    with serving(project, "--workers", "2") as server:
        assert asyncio.run(ask(server.url)) == {100.0: 200, 13.0: 500, 101.0: 200, 102.0: 200}
        assert server.metric("ekiben_batch_retried_total") >= 1


def test_children_end_with_a_front_that_was_killed(project: Path) -> None:
    with serving(project, "--workers", "2") as server:
        child = server.post("/pid").json()
        server.process.kill()
        server.process.wait()
        eventually(lambda: not _is_running(child))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_still_loads_ends_at_once(tmp_path: Path, workers: str) -> None:
    source = "import time, ekiben\n@ekiben.service\nclass S:\n    def __init__(self):\n        time.sleep(60)\n"
    project = write_service(tmp_path, source + "    @ekiben.api\n    def a(self) -> int:\n        return 1\n")
    port = free_port()
    command = [sys.executable, "-m", "ekiben.serving", "service", "-p", str(port), "--workers", workers]
    with subprocess.Popen(command, cwd=project, env=environment()) as process:
        eventually(lambda: is_alive("127.0.0.1", port), within_s=30)
        assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 503
        process.terminate()
        assert process.wait(5) == 0


def test_a_stop_while_the_second_worker_comes_up_is_clean(tmp_path: Path) -> None:
    source = "import os, time\nimport ekiben\n@ekiben.service\nclass S:\n    def __init__(self):\n"
    source += (
        "        try:\n            os.mkdir('first')\n        except FileExistsError:\n            time.sleep(2)\n"
    )
    project = write_service(tmp_path, source + "    @ekiben.api\n    def a(self) -> int:\n        return 1\n")
    port = free_port()
    command = [sys.executable, "-m", "ekiben.serving", "service", "-p", str(port), "--workers", "2"]
    with subprocess.Popen(command, cwd=project, env=environment()) as process:
        eventually(lambda: is_alive("127.0.0.1", port), within_s=30)
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200, within_s=30)
        process.terminate()
        assert process.wait(10) == 0


def test_a_taken_port_is_said_so(project: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(AssertionError, match=f"`127.0.0.1:{port}` cannot be listened on"),
            serving(project, "--port", str(port)),
        ):
            pass


def test_a_service_that_fails_to_start_ends_the_server(tmp_path: Path) -> None:
    source = "import ekiben\n@ekiben.service\nclass S:\n    def __init__(self):\n        raise OSError('no device')\n"
    project = write_service(tmp_path, source + "    @ekiben.api\n    def a(self) -> int:\n        return 1\n")
    for workers in ("1", "2"):
        with (
            pytest.raises(AssertionError, match="`S` failed to start: OSError: no device"),
            serving(project, "--workers", workers),
        ):
            pass


def test_an_image_says_where_it_listens(project: Path, tmp_path: Path) -> None:
    address = tmp_path / "address"
    with serving(project, environ={"EKIBEN_PORT_FILE": str(address)}) as server:
        assert address.read_text().split() == ["127.0.0.1", server.url.rpartition(":")[2], "http"]


def _post_and_lose(server: ServerProcess, seconds: float) -> None:
    """Asks for something whose answer may be lost with the server."""
    with httpx.Client(base_url=server.url, timeout=30) as client:
        try:
            client.post("/nap", json={"seconds": seconds})
        except httpx.TransportError:
            return


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
