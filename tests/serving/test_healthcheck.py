"""Whether a container's own check finds its server, wherever it listens."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ekiben.serving.healthcheck import DEFAULT_ADDRESS, PORT_FILE_VARIABLE, announce, announced, is_alive


class Live(BaseHTTPRequestHandler):
    """Answers `/livez` with the server's status, anything else with 404."""

    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/livez" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Ill(Live):
    """A server that is not alive and says so."""

    status = 503


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[int]:
    """The port of a server with the handler that the test asks for."""
    with HTTPServer(("127.0.0.1", 0), getattr(request, "param", Live)) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running.server_port
        running.shutdown()
        thread.join()


def test_a_server_that_answers_is_alive(server: int) -> None:
    assert is_alive("127.0.0.1", server)


@pytest.mark.parametrize("server", [Ill], indirect=True)
def test_a_server_that_says_no_is_not_alive(server: int) -> None:
    assert not is_alive("127.0.0.1", server)


def test_where_nobody_listens_nothing_is_alive() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert not is_alive("127.0.0.1", bound.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "asked"),
    [("0.0.0.0", "127.0.0.1"), ("::", "::1"), ("", "127.0.0.1"), ("127.0.0.1", "127.0.0.1"), ("10.1.2.3", "10.1.2.3")],
)
def test_what_is_announced_is_asked(tmp_path: Path, host: str, asked: str) -> None:
    environ = {PORT_FILE_VARIABLE: str(tmp_path / "port")}
    announce(host, 8080, environ)
    assert announced(environ) == (asked, 8080, "http")


def test_without_an_announcement_the_default_is_asked(tmp_path: Path) -> None:
    assert announced({}) == DEFAULT_ADDRESS
    assert announced({PORT_FILE_VARIABLE: str(tmp_path / "none")}) == DEFAULT_ADDRESS


@pytest.mark.parametrize("content", ["", "8080", "a b", "a 1 2", "\xff 1"])
def test_a_damaged_announcement_is_no_announcement(tmp_path: Path, content: str) -> None:
    (tmp_path / "port").write_text(content)
    assert announced({PORT_FILE_VARIABLE: str(tmp_path / "port")}) == DEFAULT_ADDRESS


@pytest.mark.parametrize(("server", "status"), [(Live, 0), (Ill, 1)], indirect=["server"])
def test_the_command_says_it_by_its_status(server: int, status: int, tmp_path: Path) -> None:
    environ = {PORT_FILE_VARIABLE: str(tmp_path / "port")}
    announce("127.0.0.1", server, environ)
    command = [sys.executable, "-m", "ekiben.serving.healthcheck"]
    assert subprocess.run(command, env=environ, check=False).returncode == status


def test_it_imports_nothing_heavy() -> None:
    program = "import sys, ekiben.serving.healthcheck; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
    assert {name for name in loaded if name.startswith("ekiben")} == {
        "ekiben",
        "ekiben.serving",
        "ekiben.serving.healthcheck",
    }
    assert not {"ssl", "email", "http", "asyncio", "typing_extensions"} & set(loaded)


def test_where_the_named_file_cannot_be_written_shared_memory_keeps_the_address(tmp_path: Path) -> None:
    environ = {PORT_FILE_VARIABLE: str(tmp_path / "missing" / f"{tmp_path.name}.port")}
    announce("0.0.0.0", 8080, environ)
    try:
        assert announced(environ) == ("127.0.0.1", 8080, "http")
    finally:
        Path("/dev/shm", f"{tmp_path.name}.port.{socket.gethostname()}").unlink()
