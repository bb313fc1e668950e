"""One server for all clients of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.clients.server import Server, serve
from tests.clients.service import SOURCE


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `service.py`."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "service.py").write_text(SOURCE)
    return folder


@pytest.fixture(scope="session")
def server(project: Path) -> Iterator[Server]:
    """A real server of that service, in a process of its own."""
    environ = {"EKIBEN_HOME": str(project / "home")}
    with serve("service:Probe", working_dir=project, environ=environ, access_log=False) as running:
        yield running
