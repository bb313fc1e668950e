"""What of the protocol is switched on and off."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.serving.server_process import run_to_end, serving, write_service

SERVICE = """
import ekiben

class Marked:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)

@ekiben.service(name="Probe")
class Probe:
    @ekiben.api
    def double(self, x: list[float]) -> list[float]:
        return [2 * one for one in x]

Probe.add_asgi_middleware(Marked)
"""
BODY = {"inputs": [{"name": "x", "datatype": "FP64", "shape": [1], "data": [1.5]}]}


def test_grpc_says_that_it_does_not_pass_middlewares_and_http_passes_them(tmp_path: Path) -> None:
    with serving(write_service(tmp_path, SERVICE), "--grpc", "--grpc-port", "0") as server:
        assert "do not pass the middlewares of `Probe`" in server.output()
        assert httpx.post(f"{server.url}/v2/models/Probe/infer", json=BODY).json()["outputs"][0]["data"] == [3.0]


def test_the_protocol_can_be_switched_off(tmp_path: Path) -> None:
    with serving(write_service(tmp_path, SERVICE), environ={"EKIBEN_INFERENCE_ENABLED": "false"}) as server:
        for path in ("/v2", "/v2/health/live", "/v2/models/Probe"):
            assert httpx.get(f"{server.url}{path}").status_code == 404


def test_a_port_that_is_taken_ends_the_start(tmp_path: Path) -> None:
    with serving(write_service(tmp_path / "one", SERVICE), "--grpc", "--grpc-port", "0") as server:
        port = server.output().partition("gRPC at 127.0.0.1:")[2].partition(" ")[0]
        project = write_service(tmp_path / "two", SERVICE)
        ended = run_to_end(project, "service", "--root", str(project), "-p", "0", "--grpc", "--grpc-port", port)
        assert ended.returncode == 2
        assert f"`127.0.0.1:{port}` cannot be listened on for gRPC" in ended.stderr
