"""Triton's own clients, by HTTP and gRPC, against a real server: they need not know what answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.serving.oip import triton_client
from tests.serving.server_process import ServerProcess, environment, eventually, serving, write_service

SERVICE = """
import time
import ekiben
import numpy as np
import numpy.typing as npt
import pandas as pd

@ekiben.service(name="Probe", threads=2)
class Probe:
    @ekiben.api(batchable=True, max_batch_size=64)
    def double(self, rows: np.ndarray) -> np.ndarray:
        time.sleep(0.01)
        return rows * 2

    @ekiben.api
    def total(self, a: npt.NDArray[np.float32], b: list[float], scale: float = 1.0) -> dict[str, np.ndarray]:
        return {"sum": (a + b) * scale, "difference": a - b}

    @ekiben.api
    def shout(self, texts: list[str]) -> list[str]:
        return [text.upper() for text in texts]

    @ekiben.api
    def table(self, frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(sum=frame.a + frame.b)

    @ekiben.api
    async def fail(self, x: list[float]) -> float:
        raise RuntimeError("a secret of the service")

    @ekiben.api
    def nap(self, seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    @ekiben.api
    def plain(self, words: dict[str, int]) -> int:
        return len(words)
"""
KINDS = ("http", "grpc")
DOUBLED = [[0, 2, 4], [6, 8, 10]]


@dataclass(frozen=True, slots=True)
class Probe:
    """The server, and what the clients got of it: by kind and question."""

    server: ServerProcess
    got: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    project = write_service(tmp_path_factory.mktemp("probe"), SERVICE)
    with serving(project, "--grpc", "--grpc-port", "0") as server:
        by_grpc = re.search(r"gRPC at (\S+)", server.output())
        assert by_grpc is not None
        command = [sys.executable, triton_client.__file__, server.url.removeprefix("http://"), by_grpc[1]]
        asked = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=120, check=False)
        assert asked.returncode == 0, asked.stderr + server.output()
        yield Probe(server, json.loads(asked.stdout))


@pytest.mark.parametrize("kind", KINDS)
def test_health_is_told(probe: Probe, kind: str) -> None:
    got = probe.got[kind]
    assert (got["live"], got["ready"], got["model_ready"]) == (True, True, True)
    assert got["server"]["name"] == "ekiben"


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_described_as_far_as_its_annotations_tell(probe: Probe, kind: str) -> None:
    described = probe.got[kind]["metadata"]
    inputs = [(one["name"], one["datatype"], [int(size) for size in one["shape"]]) for one in described["inputs"]]
    assert described["name"] == "total"
    assert inputs == [("a", "FP32", [-1]), ("b", "FP64", [-1]), ("scale", "FP64", [1])]
    assert described.get("outputs", []) == []


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_go_there_and_back(probe: Probe, kind: str) -> None:
    got = probe.got[kind]
    assert got["doubled"] == got["renamed"] == DOUBLED
    assert (got["sum"], got["scaled"], got["only"]) == ([4, 6], [8, 12], [None, [2, 2]])
    assert (got["shouted"], got["frame"]) == (["A", "É"], [1.5, 3.5])
    assert got["id"] == "r-7"
    assert got["large"]


def test_json_tensors_and_packed_bodies_are_read(probe: Probe) -> None:
    got = probe.got["http"]
    assert got["json"] == [{"name": "output-0", "shape": [2, 3], "datatype": "FP32", "data": [0, 2, 4, 6, 8, 10]}]
    assert got["packed"] == [DOUBLED, DOUBLED]


STATUSES = {
    "unknown model": ("404", "NOT_FOUND", "there is no model `none`"),
    "unknown version": ("404", "NOT_FOUND", "there is no version `9`"),
    "unknown input": ("400", "INVALID_ARGUMENT", "there is no input `x`"),
    "unknown output": ("400", "INVALID_ARGUMENT", "there is no output `none`"),
    "failed": ("500", "INTERNAL", "internal server error"),
    "no tensors": ("404", "NOT_FOUND", "there is no model `plain`"),
}


@pytest.mark.parametrize("what", STATUSES)
def test_what_cannot_be_answered_is_said_as_their_clients_expect(probe: Probe, what: str) -> None:
    by_http, by_grpc, why = STATUSES[what]
    for kind, status in (("http", by_http), ("grpc", f"StatusCode.{by_grpc}")):
        found, message = probe.got[kind][what]
        assert found == status
        assert why in message
        assert "secret" not in message


def test_requests_of_the_protocol_and_of_plain_json_are_joined(probe: Probe) -> None:
    tensor = {"name": "rows", "datatype": "FP64", "shape": [1, 2], "data": [1.5, 2.5]}
    asked: list[tuple[str, object]] = [
        ("/v2/models/double/infer", {"inputs": [tensor]}),
        ("/double", {"rows": [[1.5, 2.5]]}),
    ]
    calls = 'ekiben_batch_size_count{endpoint="double"'
    before = probe.server.metric(calls)
    with httpx.Client(base_url=probe.server.url) as client, ThreadPoolExecutor(20) as threads:
        replies = list(threads.map(lambda one: client.post(one[0], json=one[1]).json(), asked * 30))
    assert all(one["outputs"][0]["data"] == [3, 5] for one in replies[::2])
    assert replies[1::2] == [[[3, 5]]] * 30
    assert 0 < probe.server.metric(calls) - before < 30


def test_a_stream_is_answered_in_order_and_goes_on_after_an_error(probe: Probe) -> None:
    streamed = probe.got["grpc"]["streamed"]
    expected = [[[2 * at, 2 * at + 2, 2 * at + 4]] for at in range(triton_client.MANY)]
    assert "there is no model `none`" in streamed[7]
    assert streamed[:7] + streamed[8:] == expected[:7] + expected[8:]


def test_a_deadline_that_passes_ends_the_request(probe: Probe) -> None:
    assert probe.got["grpc"]["late"][0] == "StatusCode.DEADLINE_EXCEEDED"
    eventually(lambda: probe.server.metric('ekiben_request_total{code="499",endpoint="nap"') == 1)


def test_models_and_their_configuration_are_listed(probe: Probe) -> None:
    names = [one["name"] for one in probe.got["http"]["index"]]
    assert names == ["double", "total", "shout", "table", "fail", "nap"]
    assert [one["name"] for one in probe.got["grpc"]["index"]["models"]] == names
    assert probe.got["http"]["config"]["max_batch_size"] == 64


def test_other_paths_of_a_model_say_what_there_is(probe: Probe) -> None:
    with httpx.Client(base_url=probe.server.url) as client:
        assert client.get("/v2/models/double/infer").status_code == 405
        assert "/ready" in client.get("/v2/models/double/none").json()["error"]
        bad = client.post("/v2/models/double/infer", content=b"{}", headers={"Inference-Header-Content-Length": "x"})
        assert (bad.status_code, list(bad.json())) == (400, ["error"])


def test_grpc_is_healthy_by_its_own_protocol(probe: Probe) -> None:
    assert probe.got["grpc"]["health"] == "0801"  # field 1, SERVING
