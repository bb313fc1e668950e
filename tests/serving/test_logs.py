"""What a server writes into its log."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from ekiben.serving.logs import JsonFormatter
from tests.serving.http.raw_client import connected, read_to_end
from tests.serving.server_process import eventually, serving, write_service


def test_a_path_forges_no_line_of_the_access_log(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, "--access-log") as server, connected(server.url) as connection:
        connection.sendall(b"GET /x%0A2026-01-01%20forged%1B[31m HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        read_to_end(connection)
        server.end()
        lines = [line for line in server.output().splitlines() if "forged" in line]
    assert len(lines) == 1
    assert "INFO ekiben.access: 127.0.0.1 GET /x%0A2026-01-01%20forged%1B[31m 404" in lines[0]


def test_an_access_log_that_is_asked_for_is_written_at_any_level(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, "--access-log", "--log-level", "error") as server:
        server.post("/pid")
        eventually(lambda: "INFO ekiben.access: 127.0.0.1 POST /pid 200" in server.output())


def test_probes_are_not_logged_and_what_is_left_is_written_at_the_end(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, "--access-log") as server:
        server.client.get("/livez")
        server.post("/pid")
        server.end()
        lines = [line for line in server.output().splitlines() if "ekiben.access" in line]
    assert ["endpoint=pid" in line for line in lines] == [True]


def test_both_logs_are_objects_where_json_is_asked_for(tmp_path: Path) -> None:
    project = write_service(tmp_path / "project")
    with serving(project, "--access-log", "--log-format", "json") as server:
        server.post("/fail")
        server.end()
        lines = [json.loads(line) for line in server.output().splitlines()]
    [access] = [line for line in lines if "status" in line]
    [failure] = [line for line in lines if "exception" in line]
    assert (access["endpoint"], access["status"]) == ("fail", 500)
    assert "RuntimeError: a secret of the service" in failure["exception"]


def test_a_message_with_line_breaks_and_halves_of_characters_is_one_line_of_json() -> None:
    record = logging.LogRecord("service", logging.INFO, "x.py", 1, "two\nlines \udcff", None, None)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "two\nlines \\udcff"
