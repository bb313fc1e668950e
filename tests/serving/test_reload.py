"""`--reload`: a changed file is served, a broken one is said so and waited out."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx

from tests.serving.server_process import ServerProcess, eventually, free_port, serving, write_service

SOURCE = """
import ekiben

@ekiben.service
class S:
    @ekiben.api
    def say(self) -> str:
        return "one"
"""


def said(server: ServerProcess) -> object:
    """What the service answers now, None while there is no server."""
    try:
        answer = httpx.post(f"{server.url}/say", json={}, timeout=5)
    except httpx.TransportError:
        return None
    return answer.json() if answer.status_code == 200 else None


def test_a_change_is_served_and_a_mistake_is_waited_out(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project", SOURCE)
    with serving(project, "--reload", "-p", str(free_port())) as server:
        assert said(server) == "one"
        write_service(project, SOURCE.replace("one", "two"))
        eventually(lambda: said(server) == "two", within_s=30)
        write_service(project, "import no_such_module\n")
        eventually(lambda: "no_such_module" in server.output(), within_s=30)
        assert server.process.poll() is None
        write_service(project, SOURCE.replace("one", "three"))
        eventually(lambda: said(server) == "three", within_s=30)
        assert server.end(signal.SIGTERM) == 0
        assert said(server) is None
