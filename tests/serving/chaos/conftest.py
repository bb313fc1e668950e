"""One server for all tests that only send it something evil."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.chaos.target import SOURCE, unharmed
from tests.serving.server_process import ServerProcess, serving, write_service


@pytest.fixture(scope="session", params=["1", "2"], ids=["in-process", "two-processes"])
def shared_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serves `target.SOURCE`, in its own process or in two of its children."""
    project = write_service(tmp_path_factory.mktemp("target"), SOURCE)
    with serving(project, "--workers", request.param, "--access-log") as server:
        yield server


@pytest.fixture
def target(shared_server: ServerProcess) -> Iterator[ServerProcess]:
    """The server, which has to be unharmed after the test."""
    with unharmed(shared_server):
        yield shared_server
