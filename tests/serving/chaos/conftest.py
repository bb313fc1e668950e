"""One server for all tests that only send it something evil."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serving.chaos.target import SOURCE, unharmed
from tests.serving.server_process import ServerProcess, serving, write_service

# Everything that a log can hold of a request is in it.
CONFIG = """
services:
  logging: {access: {enabled: true, skip_paths: [], request_content_type: true}}
"""


@pytest.fixture(scope="session", params=["1", "2"], ids=["in-process", "two-processes"])
def shared_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serves `target.SOURCE`, in its own process with a log of text, or in two of its children with one of JSON."""
    project = write_service(tmp_path_factory.mktemp("target"), SOURCE)
    (project / "ekiben.yaml").write_text(CONFIG)
    log_format = "text" if request.param == "1" else "json"
    with serving(project, "--workers", request.param, "--log-format", log_format) as server:
        yield server


@pytest.fixture
def target(shared_server: ServerProcess) -> Iterator[ServerProcess]:
    """The server, which has to be unharmed after the test."""
    with unharmed(shared_server):
        yield shared_server
