"""AccessLog: what a line says of a request, and that no client can forge one."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from ekiben.serving.http.access import AccessLog, AccessLogOptions, printable
from ekiben.serving.http.line_writer import LineWriter
from ekiben.serving.http.request import Address, Request


class Client:
    """A connection from one address."""

    def peer(self) -> Address | None:
        return "10.0.0.7", 51000

    def local(self) -> Address | None:
        return None

    def is_secure(self) -> bool:
        return False


def request(target: bytes = b"/classify?x=1", **fields: str) -> Request:
    headers = {name.replace("_", "-").encode(): value.encode() for name, value in fields.items()}
    path = target.partition(b"?")[0].decode("latin-1")
    return Request("POST", path, "", list(headers.items()), headers, b"", "abc", target, Client())


def lines_of(tmp_path: Path, options: AccessLogOptions, *requests: Request) -> list[str]:
    """The lines of these requests, each answered 200 with 5 bytes after 12.3 ms."""
    log = tmp_path / "log"

    async def write() -> None:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        access_log = AccessLog(options, LineWriter(descriptor))
        for one in requests:
            access_log.record(one, 200, 5, 0.0123)
        access_log.close()
        os.close(descriptor)

    asyncio.run(write())
    return log.read_text().splitlines()


def test_a_line_of_text_says_who_asked_for_what_and_how_it_went(tmp_path: Path) -> None:
    options = AccessLogOptions(endpoints={"/classify": "classify"})
    [line] = lines_of(tmp_path, options, request(content_length="31"))
    time, rest = line.split(" ", 1)
    assert time.endswith("Z")
    assert rest == (
        "INFO ekiben.access: 10.0.0.7 POST /classify 200 request_length=31 response_length=5 duration_ms=12.3 "
        "endpoint=classify request_id=abc"
    )


def test_a_line_of_json_has_the_same_fields_and_null_for_what_is_unknown(tmp_path: Path) -> None:
    [line] = lines_of(tmp_path, AccessLogOptions(form="json", has_request_type=True), request())
    fields = json.loads(line)
    assert fields.pop("time").endswith("Z")
    assert fields == {
        "client": "10.0.0.7",
        "method": "POST",
        "path": "/classify",
        "status": 200,
        "request_length": None,
        "request_type": None,
        "response_length": 5,
        "duration_ms": 12.3,
        "endpoint": None,
        "request_id": "abc",
    }


def test_fields_and_paths_that_are_switched_off_are_left_out(tmp_path: Path) -> None:
    options = AccessLogOptions(
        form="json", skipped=frozenset({"/livez"}), has_request_length=False, has_response_length=False
    )
    [line] = lines_of(tmp_path, options, request(b"/livez"), request())
    assert not {"request_length", "response_length", "request_type"} & json.loads(line).keys()


@pytest.mark.parametrize(
    ("raw", "logged"),
    [
        (b"/%0Aforged", "/%0Aforged"),
        (b"/a\nb\x1b[31m", "/a\\x0ab\\x1b[31m"),
        ("/é".encode(), "/\\xc3\\xa9"),
        (b"/" + b"x" * 2000, "/" + "x" * 999 + "..."),
    ],
)
def test_what_is_not_printable_is_escaped_and_what_is_long_is_cut(raw: bytes, logged: str) -> None:
    assert printable(raw) == logged


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_a_client_sends_begins_a_line_of_its_own(tmp_path: Path, form: str) -> None:
    options = AccessLogOptions(form="json" if form == "json" else "text", has_request_type=True)
    forger = request(b"/x\n2026 INFO forged", content_type="a\r\nforged", content_length="1\nforged")
    assert len(lines_of(tmp_path, options, forger)) == 1
