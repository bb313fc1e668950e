"""ASGI apps of a service in a real server: beside its APIs, started before it is ready and shut down with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving.server_process import serving, write_service

SOURCE = """
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

import ekiben


@asynccontextmanager
async def lifespan(app):
    if Path("refuse").exists():
        raise OSError("no disk")
    yield {"greeting": "hello"}
    Path("down").touch()


ui = FastAPI(lifespan=lifespan)


@ui.get("/greet/{name}")
def greet(name: str) -> str:
    return f"hello {name}"


@ekiben.service
@ekiben.asgi_app(ui, path="/ui")
class Mounted:
    @ekiben.api
    def greet(self, name: str) -> str:
        return f"good day, {name}"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_service(tmp_path / "project", SOURCE)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_app_is_served_beside_the_apis_and_shut_down_at_the_end(project: Path, workers: str) -> None:
    with serving(project, "--workers", workers) as server:
        assert server.client.get("/ui/greet/you").json() == "hello you"
        assert server.post("/greet", name="you").json() == "good day, you"
        assert server.client.get("/ui/docs").status_code == 200
        assert server.end() == 0
    assert (project / "down").exists()


def test_an_app_that_cannot_start_ends_the_server(project: Path) -> None:
    (project / "refuse").touch()
    with (
        pytest.raises(AssertionError, match="the app mounted at `/ui` failed to start"),
        serving(project),
    ):
        pass
