"""What a server writes into its log."""

from __future__ import annotations

from pathlib import Path

from tests.serving.http.raw_client import connected, read_to_end
from tests.serving.server_process import serving, write_service


def test_a_path_forges_no_line_of_the_access_log(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, "--access-log") as server, connected(server.url) as connection:
        connection.sendall(b"GET /x%0A2026-01-01%20forged%1B[31m HTTP/1.1\r\nconnection: close\r\n\r\n")
        read_to_end(connection)
        server.end()
        lines = [line for line in server.output().splitlines() if "forged" in line]
    assert len(lines) == 1
    assert "INFO ekiben.access: GET /x%0A2026-01-01%20forged%1B[31m 404" in lines[0]


def test_an_access_log_that_is_asked_for_is_written_at_any_level(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, "--access-log", "--log-level", "error") as server:
        server.client.get("/livez")
        server.end()
        assert "INFO ekiben.access: GET /livez 200" in server.output()
