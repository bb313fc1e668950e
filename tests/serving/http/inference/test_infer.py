"""Replies of an API as responses of the protocol, and its errors."""

from __future__ import annotations

import json

from ekiben.serving.failures import error_reply
from ekiben.serving.http.inference.infer import response_of
from ekiben.serving.wire import JSON, Payload, Reply

INFERENCE = "application/x-ekiben-inference"


def test_a_binary_response_tells_the_length_of_its_head() -> None:
    reply = response_of(Reply(200, Payload(f"{INFERENCE};header=2", b"{}raw"), (("x-own", "1"),)), "r-1")
    assert reply.payload == Payload("application/octet-stream", b"{}raw")
    assert reply.headers == (("x-own", "1"), ("inference-header-content-length", "2"))


def test_a_response_of_json_is_json() -> None:
    reply = response_of(Reply(200, Payload(f"{INFERENCE};header=0", b"{}")), "r-1")
    assert (reply.payload, reply.headers) == (Payload(JSON, b"{}"), ())


def test_an_error_is_one_text() -> None:
    reply = response_of(error_reply(503, "no room", "come again", (("retry-after", "1"),)), "r-1")
    assert (reply.status, json.loads(bytes(reply.payload.body))) == (503, {"error": "no room; come again"})
    assert reply.headers == (("retry-after", "1"),)


def test_an_error_of_another_body_is_told_as_it_is() -> None:
    reply = response_of(Reply(418, Payload("text/plain", b"a teapot")), "r-1")
    assert json.loads(bytes(reply.payload.body)) == {"error": "a teapot"}


def test_a_content_type_of_the_apis_own_has_no_place_in_the_protocol() -> None:
    reply = response_of(Reply(200, Payload("text/csv", b"{}")), "r-1")
    assert reply.status == 500
    assert "content type of its own" in json.loads(bytes(reply.payload.body))["error"]
