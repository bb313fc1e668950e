"""Cross-origin rules: what preflights and replies say, to whom."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ekiben.errors import NotFound, SettingsError
from ekiben.serving.config.server import ConfigSources, load_config
from ekiben.serving.http.cors import CorsPolicy, CorsSurface, cors_policy
from ekiben.serving.http.h1.state import begin_none
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Exchange, UnderWay
from ekiben.serving.wire import JSON, Answer, Payload, Reply, StreamReply

HERE = "https://here.example"
POLICY = CorsPolicy(frozenset({HERE}), re.compile(r"https://[a-z]+\.there\.example"), exposed=("x-own",))


def asked(method: str = "POST", path: str = "/", **fields: str) -> Request:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in fields.items()}
    return Request(method, path, "", list(named.items()), named, b"", "id")


def preflight(policy: CorsPolicy, **fields: str) -> Reply:
    return policy.preflight(asked("OPTIONS", **{"origin": HERE, "access_control_request_method": "POST", **fields}))


class Pieces:
    """A stream of one chunk."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration

    async def aclose(self) -> None: ...


async def handler(request: Request) -> Answer:
    if request.path == "/fail":
        raise KeyError("inside")
    if request.path == "/missing":
        raise NotFound("nothing")
    if request.path == "/own":
        return Reply(200, Payload(JSON, b""), (("access-control-allow-origin", "https://app.example"),))
    return StreamReply(200, JSON, Pieces()) if request.path == "/stream" else Reply(200, Payload(JSON, b"1"))


def answered(path: str, policy: CorsPolicy = POLICY, **fields: str) -> Answer:
    surface = CorsSurface(policy, handler, begin_none)

    async def answer() -> Answer:
        return await surface.answer(asked(path=path, **fields))

    return asyncio.run(answer())


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (HERE, True),
        ("https://a.there.example", True),
        ("http://here.example", False),
        ("https://here.example.evil", False),
        ("https://a.there.example.evil", False),
        ("null", False),
    ],
)
def test_an_origin_is_allowed_by_name_or_by_pattern_as_a_whole(origin: str, is_allowed: bool) -> None:
    assert (preflight(POLICY, origin=origin).status == 204) is is_allowed
    found = dict(answered("/", origin=origin).headers)
    assert found.get("access-control-allow-origin") == (origin if is_allowed else None)
    assert found["vary"] == "Origin"


@pytest.mark.parametrize("path", ["/", "/stream", "/fail", "/missing"])
def test_every_answer_can_be_read_errors_included(path: str) -> None:
    found = dict(answered(path, origin=HERE).headers)
    assert found["access-control-allow-origin"] == HERE
    assert found["access-control-expose-headers"] == "x-own"


def test_a_request_without_an_origin_is_answered_as_ever() -> None:
    assert answered("/").headers == ()


def test_an_app_with_rules_of_its_own_keeps_them() -> None:
    assert answered("/own", origin=HERE).headers == (("access-control-allow-origin", "https://app.example"),)


def test_all_origins_are_named_only_where_cookies_go_along() -> None:
    everyone = CorsPolicy(frozenset("*"))
    assert dict(everyone.fields_for(HERE)) == {"access-control-allow-origin": "*"}
    named = dict(CorsPolicy(frozenset("*"), allows_credentials=True).fields_for(HERE))
    assert named["access-control-allow-origin"] == HERE
    assert named["access-control-allow-credentials"] == "true"


def test_a_preflight_says_what_may_be_sent() -> None:
    policy = CorsPolicy(frozenset({HERE}), headers=frozenset({"x-key"}), max_age_s=5)
    reply = preflight(policy, access_control_request_headers="Content-Type, X-Key")
    said = dict(reply.headers)
    assert reply.status == 204
    assert said["access-control-allow-methods"] == "GET, HEAD, POST"
    assert said["access-control-allow-headers"] == "content-type, x-key"
    assert said["access-control-max-age"] == "5"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"origin": "https://evil.example"}, b"the origin `https://evil.example` is not allowed"),
        ({"access_control_request_method": "DELETE"}, b"the method `DELETE` is not allowed"),
        ({"access_control_request_headers": "x-secret"}, b"the header `x-secret` is not allowed"),
    ],
)
def test_a_preflight_that_is_refused_says_why(fields: dict[str, str], reason: bytes) -> None:
    reply = preflight(POLICY, **fields)
    assert reply.status == 400
    assert reason in bytes(reply.payload.body)


def test_stars_stand_for_all_methods_and_headers() -> None:
    policy = CorsPolicy(frozenset("*"), methods=frozenset("*"), headers=frozenset("*"))
    fields = {"access_control_request_method": "DELETE", "access_control_request_headers": "x-a"}
    assert dict(preflight(policy, **fields).headers)["access-control-allow-methods"] == "DELETE"


def test_options_that_are_no_preflight_are_the_handlers() -> None:
    assert answered("/", origin=HERE) is not None
    surface = CorsSurface(POLICY, handler, begin_none)
    found = asyncio.run(_awaited(surface, asked("OPTIONS", origin=HERE)))
    assert found.status == 200


async def _awaited(surface: CorsSurface, request: Request) -> Answer:
    return await surface.answer(request)


def test_what_is_begun_without_a_task_is_delivered_with_the_headers() -> None:
    delivered: list[Reply] = []

    class Line:
        def deliver(self, reply: Reply) -> None:
            delivered.append(reply)

    class Begun:
        def cancel(self) -> None: ...

    def begin(request: Request, exchange: Exchange) -> UnderWay | None:
        exchange.deliver(Reply(200, Payload(JSON, b"1"), (("x-own", "1"),)))
        return Begun()

    surface = CorsSurface(POLICY, handler, begin)
    surface.begin(asked(), Line())
    surface.begin(asked(origin=HERE), Line())
    assert surface.begin(asked("OPTIONS", origin=HERE), Line()) is None
    assert [len(one.headers) for one in delivered] == [1, 4]


def test_rules_that_would_allow_nobody_are_refused(tmp_path: Path) -> None:
    declared = {"http": {"cors": {"enabled": True}}}
    with pytest.raises(SettingsError, match="no origin is allowed"):
        cors_policy(load_config(ConfigSources("S", tmp_path, declared=declared)))
    assert cors_policy(load_config(ConfigSources("S", tmp_path))) is None


def test_the_policy_is_what_is_configured(tmp_path: Path) -> None:
    cors = {
        "enabled": True,
        "access_control_allow_origins": HERE,
        "access_control_allow_methods": ["get", "put"],
        "access_control_allow_headers": "X-A, X-B",
        "access_control_allow_credentials": True,
        "access_control_max_age": 10,
    }
    policy = cors_policy(load_config(ConfigSources("S", tmp_path, declared={"http": {"cors": cors}})))
    assert policy == CorsPolicy(
        frozenset({HERE}), None, True, frozenset({"GET", "PUT"}), frozenset({"x-a", "x-b"}), 10, ()
    )
