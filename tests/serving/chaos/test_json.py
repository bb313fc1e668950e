"""JSON that is well formed and meant to break what reads it: depth, size of numbers, amount of names."""

from __future__ import annotations

import json
import time

import pytest

from tests.serving.chaos.target import reply_to, request, statuses
from tests.serving.server_process import ServerProcess

DEPTH = 200_000
MOST_S = 20.0  # seconds; what is quadratic takes longer
DIGITS = b"9" * 1_000_000  # int() of them is quadratic, and refused by Python beyond 4,300

DEEP = {
    "lists": b"[" * DEPTH + b"]" * DEPTH,
    "objects": b'{"a":' * DEPTH + b"1" + b"}" * DEPTH,
    "lists without end": b"[" * DEPTH,
    "a level below a thousand": b"[" * 990 + b"]" * 990,
}
NUMBERS = [b"1e400", b"-1e400", DIGITS, b"1e" + DIGITS, b"0." + DIGITS, b"-" + DIGITS, b"1E-999999999", b"-0.0"]
NOT_JSON = [b"NaN", b"Infinity", b"-Infinity", b"nan", b"+1", b"01", b".5", b"1.", b"0x10", b"1_000", b"'a'", b"{a: 1}"]
NOT_TEXT = [
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\\ud800"',
    b'"\\u12"',
    b'"a\x00b"',
    b'"a\nb"',
    b"\xef\xbb\xbf1",
    b'"\\x41"',
]


@pytest.mark.parametrize("route", ["/anything", "/square", "/total", "/number"])
@pytest.mark.parametrize("name", DEEP)
def test_depth_is_an_error_of_the_clients(target: ServerProcess, route: str, name: str) -> None:
    field = {"/anything": b"value", "/number": b"value", "/square": b"numbers", "/total": b"rows"}[route]
    for body in (DEEP[name], b'{"' + field + b'": ' + DEEP[name] + b"}"):
        assert statuses(reply_to(target.url, request(route, body)))[0] in (200, 400)


@pytest.mark.parametrize("number", range(len(NUMBERS)))
def test_a_huge_number_is_read_or_refused_in_time(target: ServerProcess, number: int) -> None:
    text = NUMBERS[number]
    begun_s = time.monotonic()
    for route, body in (
        ("/number", b'{"value": ' + text + b"}"),
        ("/anything", b'{"value": ' + text + b"}"),
        ("/square", b'{"numbers": [' + text + b"]}"),
        ("/total", b'{"rows": [[' + text + b"]]}"),
    ):
        reply = reply_to(target.url, request(route, body))
        assert statuses(reply)[0] in (200, 400), (route, reply[:500])
        assert len(reply) < 10_000 or route == "/square"
    assert time.monotonic() - begun_s < MOST_S


@pytest.mark.parametrize("text", NOT_JSON + NOT_TEXT)
def test_what_is_no_json_is_400(target: ServerProcess, text: bytes) -> None:
    for route, body in (("/anything", b'{"value": ' + text + b"}"), ("/number", text), ("/square", b"[" + text + b"]")):
        assert statuses(reply_to(target.url, request(route, body))) == [400]


def test_many_names_and_long_ones_are_400(target: ServerProcess) -> None:
    many = json.dumps({f"name{number}": 1 for number in range(200_000)}).encode()
    long = json.dumps({"a" * 5_000_000: 1}).encode()
    same = b'{"value": 1' + b', "value": 1' * 200_000 + b"}"
    for body in (many, long):
        reply = reply_to(target.url, request("/number", body))
        assert statuses(reply) == [400]
        assert len(reply) < 2000
    assert statuses(reply_to(target.url, request("/number", same)))[0] in (200, 400)


def test_names_that_python_knows_are_only_names(target: ServerProcess) -> None:
    for name in ("__class__", "__proto__", "self", "ctx", "context", "constructor", "py/object", "$ref", "__init__"):
        assert target.client.post("/number", json={"value": 1, name: {"a": 1}}).status_code == 400
        assert target.client.post("/anything", json={"value": {name: "os.system"}}).json() == "dict"


def test_rows_without_end_and_without_content_are_read_or_refused(target: ServerProcess) -> None:
    for rows in (
        b"[]," * 100_000 + b"[]",
        b"[[]]",
        b"[1],[1,2]",
        b"[" * 40 + b"1" + b"]" * 40,
        b"null," * 100_000 + b"1",
    ):
        assert statuses(reply_to(target.url, request("/total", b'{"rows": [' + rows + b"]}")))[0] in (200, 400, 500)
