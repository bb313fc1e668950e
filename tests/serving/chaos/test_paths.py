"""Paths that lead elsewhere, and names and ids that would write lines of their own into the log."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.serving.chaos.target import reply_to, request, statuses
from tests.serving.server_process import ServerProcess, eventually

TRAVERSALS = [
    "/static/../../../../../../etc/passwd",
    "/static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/static/%252e%252e%252fetc%252fpasswd",
    "/static/..%c0%af..%c0%afetc/passwd",
    "/static/..%5c..%5cetc%5cpasswd",
    "/static/..;/..;/etc/passwd",
    "/static//etc/passwd",
    "/static/%2fetc%2fpasswd",
    "/static/file:///etc/passwd",
    "/static/swagger-ui.css/../../__init__.py",
    "/static/__init__.py",
    "/static/",
    "/static",
    "/static/swagger-ui.css%00.png",
    "/static/SWAGGER-UI.CSS",
    "/../etc/passwd",
    "/%2e%2e/service.py",
    "/service.py",
    "/.env",
    "/.git/config",
    "//livez",
    "/livez/",
    "/livez/..",
    "/static/../livez",
    "/livez%00",
    "/livez%0a",
    "/%",
    "/%zz",
    "/%ff%fe",
    "/" + "a/" * 20_000,
    "/" + "%41" * 20_000,
]
UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
MARKS = itertools.count(1)
FORGED = "2026-01-01 00:00:00,000 INFO ekiben.access: GET /forged 200"


@pytest.mark.parametrize("path", TRAVERSALS, ids=range(len(TRAVERSALS)))
def test_no_path_leads_out(target: ServerProcess, path: str) -> None:
    reply = reply_to(target.url, request(path, method="GET"))
    assert statuses(reply) == [404]
    assert b"root:" not in reply
    assert len(reply) < 2000


@pytest.mark.parametrize("path", ["/livez?x=/../..", "/livez?", "/livez?%00", "/%6civez", "/livez?" + "a&" * 20_000])
def test_a_path_that_is_known_is_found_however_it_is_written(target: ServerProcess, path: str) -> None:
    assert statuses(reply_to(target.url, request(path, method="GET"))) == [200]


@pytest.mark.parametrize("path", ["/<script>alert(1)</script>", "/%3Cscript%3E", "/%22%7D", "/%1b%5b2J", "/%e2%80%ae"])
def test_an_error_says_the_path_as_json_and_not_as_a_page(target: ServerProcess, path: str) -> None:
    head, _, body = reply_to(target.url, request(path, method="GET")).partition(b"\r\n\r\n")
    assert b"content-type: application/json" in head.lower()
    assert set(json.loads(body)) == {"error", "detail"}
    assert not re.search(rb"[\x00-\x1f\x7f]", body)


def logged(target: ServerProcess) -> str:
    """All that the server has logged, a request made now included."""
    mark = f"/seen-{next(MARKS)}"
    assert statuses(reply_to(target.url, request(mark, method="GET"))) == [404]
    eventually(lambda: mark in target.output())
    return target.output()


@contextmanager
def in_whole_lines(target: ServerProcess) -> Iterator[None]:
    """What is logged of what happens inside is lines of the server's own, which steer no terminal."""
    start = len(logged(target))
    yield
    text = logged(target)[start:]
    assert not UNPRINTABLE.search(text)
    for line in text.splitlines():
        if line.startswith("{"):
            assert isinstance(json.loads(line), dict)
        else:
            assert re.match(r"\d{4}-\d\d-\d\d[ T]", line), line
            assert not line.startswith(FORGED)


@pytest.mark.parametrize(
    "sent", [f"%0a{FORGED}", f"%0d%0a{FORGED}", f"%00{FORGED}", f"%e2%80%a8{FORGED}", '%22,%22a":"b']
)
def test_no_path_and_no_query_writes_a_line_of_its_own(target: ServerProcess, sent: str) -> None:
    sent = sent.replace(" ", "%20")
    with in_whole_lines(target):
        for path in (f"/{sent}", f"/nowhere?{sent}"):
            assert statuses(reply_to(target.url, request(path, method="GET"))) == [404]


@pytest.mark.parametrize(
    "name", ["user-agent", "referer", "x-forwarded-for", "x-request-id", "traceparent", "content-type", "host"]
)
def test_no_header_steers_the_log_or_the_terminal(target: ServerProcess, name: str) -> None:
    texts = [
        b"\x1b[2J\x1b]0;owned\x07",
        b"a\xff\xfeb",
        b"${jndi:ldap://127.0.0.1/a}",
        b"%(name)s {0} %n" * 100,
        b'a","b":"c',
    ]
    with in_whole_lines(target):
        for text in texts:
            message = b"GET /nowhere HTTP/1.1\r\nhost: x\r\n%s: %s\r\nconnection: close\r\n\r\n" % (name.encode(), text)
            assert statuses(reply_to(target.url, message))[0] in (400, 404)


def test_what_a_service_is_sent_and_fails_on_writes_no_line_of_its_own(target: ServerProcess) -> None:
    with in_whole_lines(target):
        for text in (f"\n{FORGED}", "\x1b[2J", "\u2028"):
            assert target.post("/number", value=text).status_code == 400
            assert target.post("/number", **{text: 1}).status_code == 400


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b" ",
        b"a b",
        b"a" * 129,
        b"a" * 60_000,
        b"<b>",
        b"a\tb",
        b"\xff\xfe",
        b"a;b",
        b'a"b',
        b"a,b",
        b"{}",
        b"%0d%0aset-cookie:a",
    ],
)
def test_a_request_id_that_is_not_harmless_is_replaced(target: ServerProcess, sent: bytes) -> None:
    message = b"GET /livez HTTP/1.1\r\nhost: a\r\nx-request-id: %s\r\nconnection: close\r\n\r\n" % sent
    head = reply_to(target.url, message).partition(b"\r\n\r\n")[0].lower()
    found = re.findall(rb"^x-request-id: (.*?)\r?$", head, re.MULTILINE)
    assert statuses(head.upper()) == [200]
    assert len(found) == 1
    assert re.fullmatch(rb"[a-z0-9._-]{8,64}", found[0])
    assert b"set-cookie" not in head


def test_two_request_ids_become_one(target: ServerProcess) -> None:
    message = b"GET /livez HTTP/1.1\r\nhost: a\r\nx-request-id: a\r\nx-request-id: b\r\nconnection: close\r\n\r\n"
    assert reply_to(target.url, message).lower().count(b"x-request-id:") == 1
