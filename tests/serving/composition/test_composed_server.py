"""Services that call services, in real servers: what crosses, what goes along, and what happens when a stage fails."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.serving.composition.composed_service import SOURCE
from tests.serving.server_process import ServerProcess, eventually, run_to_end, started, write_service


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_service(tmp_path_factory.mktemp("composed") / "project", SOURCE)


def caller_of(project: Path, *arguments: str, **environ: str) -> Iterator[ServerProcess]:
    command = ("service:Caller", "--root", str(project), "-p", "0", *arguments)
    with started(project, *command, environ=environ) as server:
        yield server


@pytest.fixture(scope="module", params=["apart", "together", "two workers", "elsewhere"])
def server(request: pytest.FixtureRequest, project: Path) -> Iterator[ServerProcess]:
    """The caller with its stage in a process of its own, in the same, behind two workers, and in another server."""
    match request.param:
        case "apart":
            yield from caller_of(project)
        case "together":
            (project / "together.yaml").write_text("services: {Stage: {isolation: none}}")
            yield from caller_of(project, EKIBEN_CONFIG=str(project / "together.yaml"))
        case "two workers":
            yield from caller_of(project, "--workers", "2")
        case _:
            other = write_service(project.parent / "stage", SOURCE)
            alone = ("service:Caller", "--service", "Stage", "--root", str(other), "-p", "0")
            with started(other, *alone) as stage:
                yield from caller_of(project, EKIBEN_SERVICE_STAGE_URL=stage.url)


def test_values_of_every_kind_cross_as_they_are(server: ServerProcess) -> None:
    assert server.post("/kinds").json() == {
        "sum": 2.0 * 512 * 1024,
        "total": [4, 6],
        "size": [3, 2],
        "note": "Note",
        "title": "A",
        "file": {"name": "sent.txt", "size": 4},
    }


def test_both_ways_of_calling_answer_alike(server: ServerProcess) -> None:
    assert server.post("/one", text="four").json()[0] == server.post("/blocking", text="four").json()[0] == 4


def test_calls_that_are_made_together_reach_the_other_side_as_one_batch(server: ServerProcess) -> None:
    texts = ["a"] * 12
    sizes = [max(server.post("/many", texts=texts).json()) for _ in range(5)]
    assert max(sizes) == 12


def test_streams_come_in_pieces(server: ServerProcess) -> None:
    assert server.post("/pieces").text == "0 1 2 3 01"
    assert server.post("/pieces_blocking").text == "0 1 2 3 "


def test_request_id_and_trace_go_along(server: ServerProcess) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = server.client.post("/seen", json={}, headers={"x-request-id": "my-id", "traceparent": trace})
    assert answer.json() == {"id": "my-id", "trace": trace}


def test_an_error_of_the_other_side_keeps_its_status_and_names_it(server: ServerProcess) -> None:
    answer = server.post("/ask", api="refuse")
    assert (answer.status_code, answer.json()["error"]) == (404, "`Stage.refuse`: there is no 7")


def test_a_failure_of_the_other_side_tells_no_internals(server: ServerProcess) -> None:
    answer = server.post("/ask", api="fail")
    assert answer.status_code == 500
    assert "secret" not in answer.text


def test_a_blocking_call_on_the_loop_is_refused_with_the_remedy(server: ServerProcess) -> None:
    answer = server.post("/ask_blocking_on_the_loop")
    assert answer.status_code == 500
    assert "blocks" in answer.json()["error"]
    assert server.post("/one", text="still here").status_code == 200


def test_what_cannot_be_carried_is_said(server: ServerProcess) -> None:
    answer = server.post("/unsendable")
    assert answer.status_code == 500
    assert "`Stage.twice` cannot be sent to another service" in answer.json()["error"]


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose stage may be harmed."""
    yield from caller_of(write_service(tmp_path_factory.mktemp("harmed") / "project", SOURCE))


def test_each_service_has_a_process_and_may_be_called_while_it_starts(apart: ServerProcess) -> None:
    own, other, at_start = apart.post("/pids").json()
    assert own != other == at_start


def test_a_worker_that_dies_costs_no_request(apart: ServerProcess, tmp_path: Path) -> None:
    assert apart.post("/die_once", mark=str(tmp_path / "mark")).json() == "alive"


def test_the_callers_deadline_ends_the_call_on_the_other_side(apart: ServerProcess, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    begun = time.monotonic()
    assert apart.post("/linger", mark=str(mark)).status_code == 504
    assert time.monotonic() - begun < 10
    eventually(lambda: mark.exists() and mark.read_text() == "cancelled")


def test_a_thread_that_waits_is_free_again_at_the_deadline(apart: ServerProcess) -> None:
    with ThreadPoolExecutor(4) as threads:
        naps = [threads.submit(apart.post, "/nap", seconds=4) for _ in range(4)]
        assert {one.result().status_code for one in naps} == {504}
    assert apart.post("/blocking", text="free").status_code == 200


def test_a_client_that_goes_away_ends_the_call_on_the_other_side(apart: ServerProcess, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(httpx.ReadTimeout):
        apart.client.post("/linger", json={"mark": str(mark)}, timeout=0.5)
    eventually(lambda: mark.exists() and mark.read_text() == "cancelled")


def test_the_page_counts_both_services(apart: ServerProcess) -> None:
    before = apart.metric('ekiben_request_total{code="200",endpoint="rows",service="Stage"')
    apart.post("/one", text="a")
    assert apart.metric('ekiben_request_total{code="200",endpoint="rows",service="Stage"') == before + 1
    assert apart.metric('ekiben_request_total{code="200",endpoint="one",service="Caller"') >= 1


def test_a_service_that_stays_down_is_503_by_name_and_comes_back(apart: ServerProcess) -> None:
    broken = apart.log.parent / "broken"
    broken.touch()
    os.kill(apart.post("/pids").json()[1], signal.SIGKILL)
    answer = apart.post("/one", text="a")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "`Stage` is down" in answer.json()["error"]
    assert apart.client.get("/readyz").status_code == 503
    broken.unlink()
    eventually(lambda: apart.client.get("/readyz").status_code == 200)
    assert apart.post("/one", text="a").status_code == 200


def test_a_service_alone_asks_for_the_places_of_the_others(project: Path) -> None:
    ended = run_to_end(project, "service:Caller", "--service", "Caller", "--root", str(project), "-p", "0")
    assert ended.returncode == 1
    assert "EKIBEN_SERVICE_STAGE_URL" in ended.stderr
