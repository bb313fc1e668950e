"""examples/pipeline: three services in processes of their own answer as one, from a folder and apart."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.machine import Machine, free_port, post, wait_until_ready

PRAISE, COMPLAINT = "excellent, works perfectly", "broke and leaks, I want my money back"


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """A machine (the environment that runs the tests) with both models saved and the Bento built."""
    folder = tmp_path_factory.mktemp("reviews")
    machine = Machine(Path(sys.executable).parent, folder / "home", folder)
    project = machine.copy_example("pipeline")
    machine.run("python", "train.py", cwd=project)
    machine.run("ekiben", "build", str(project))
    return machine


def labels_of(answer: object) -> list[str]:
    """The labels of an answer's verdicts."""
    assert isinstance(answer, list)
    return [verdict["label"] for verdict in answer]


def children_of(pid: int) -> list[int]:
    """The processes that this one started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def serving(machine: Machine, *arguments: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server of the Bento with these variables besides, and its process."""
    port = free_port()
    command = ["ekiben", "serve", "reviews", "--port", str(port), *arguments]
    process = subprocess.Popen(command, cwd=machine.folder, env=machine.environ(**environ))
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", lambda: process.poll() is None)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        assert process.wait(timeout=30) == 0


def test_each_stage_has_the_processes_that_it_asks_for(reviews: Machine) -> None:
    with serving(reviews) as (url, process):
        assert labels_of(post(f"{url}/rate", texts=[PRAISE, COMPLAINT])) == ["praise", "complaint"]
        assert len(children_of(process.pid)) >= 3  # two embedders and a judge


def test_sixteen_threads_that_wait_make_one_batch_of_the_next_stage(reviews: Machine) -> None:
    with serving(reviews) as (url, _), httpx.Client(base_url=url, timeout=30) as client:
        with ThreadPoolExecutor(16) as threads:
            asked = [PRAISE, COMPLAINT] * 80
            answers = list(threads.map(lambda text: client.post("/rate_one", json={"text": text}).json(), asked))
        assert [one["needs_person"] for one in answers] == [False, True] * 80
        lines = client.get("/metrics").text.splitlines()
    (batches,) = [line for line in lines if line.startswith("ekiben_batch_size_count") and "Embedder" in line]
    assert float(batches.rsplit(" ", 1)[1]) < len(asked)


def test_a_stage_that_is_served_alone_is_found_by_its_url(reviews: Machine) -> None:
    with (
        serving(reviews, "--service", "Embedder") as (embedder, _),
        serving(reviews, "--service", "Judge") as (judge, _),
    ):
        places = {"EKIBEN_SERVICE_EMBEDDER_URL": embedder, "EKIBEN_SERVICE_JUDGE_URL": judge}
        with serving(reviews, "--service", "Reviews", **places) as (url, _):
            assert labels_of(post(f"{url}/rate", texts=[PRAISE])) == ["praise"]
        vectors = post(f"{embedder}/embed", texts=[PRAISE])
        assert isinstance(vectors, list)
        assert len(vectors[0]) == 8
