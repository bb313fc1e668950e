"""`Context`: what a method sees and says."""

import asyncio
from collections.abc import Iterator

import pytest

from ekiben.errors import BadInput, ServiceError
from ekiben.serving.declare.context import BatchMember, Context, Request, Response
from ekiben.serving.declare.cookies import Cookie
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.wire import JSON, Call, Payload

CALL = Call(
    "predict", Payload(JSON, b"{}"), "id-1", "POST", "/predict", "a=1&b=&a=2", (("x-tenant", "Ada"), ("accept", "*/*"))
)


@pytest.fixture
def folder() -> Iterator[RequestFolder]:
    with RequestFolder() as one:
        yield one


def member(rows: slice) -> BatchMember:
    return BatchMember(Request(CALL), Response(), rows)


def test_the_request_shows_what_the_client_sent(folder: RequestFolder) -> None:
    request = Context(members=[member(slice(0, 1))], folder=folder, state={}).request
    assert (request.id, request.method, request.path) == ("id-1", "POST", "/predict")
    assert request.headers["X-Tenant"] == "Ada"
    assert dict(request.query) == {"a": "2", "b": ""}


def test_a_batch_has_no_single_request_even_with_one_member(folder: RequestFolder) -> None:
    context = Context(members=[member(slice(0, 3))], folder=folder, state={}, is_batch=True)
    assert [one.rows for one in context.requests] == [slice(0, 3)]
    with pytest.raises(ServiceError, match="no single request") as caught:
        _ = context.request
    assert "ctx.requests" in str(caught.value.hint)


def test_the_folder_is_made_on_first_use_and_goes_with_the_call() -> None:
    with RequestFolder() as folder:
        context = Context(members=[member(slice(0, 1))], folder=folder, state={})
        path = context.temp_dir
        (path / "x").write_text("x")
        assert context.temp_dir == path
    assert not path.exists()


def test_cookies_become_header_values() -> None:
    response = Response()
    response.set_cookie("seen", "1", max_age=60, secure=True, httponly=True)
    response.set_cookie("plain")
    assert response.cookies[0] == "seen=1; HttpOnly; Max-Age=60; Path=/; SameSite=lax; Secure"
    assert response.cookies[1] == 'plain=""; Path=/; SameSite=lax'


@pytest.mark.parametrize(
    "wrong", [{"path": "/; Domain=evil"}, {"domain": "a\r\nx: y"}, {"samesite": "lax; Secure"}, {"key": "a b"}]
)
def test_a_cookie_cannot_bring_another_attribute(wrong: dict[str, str]) -> None:
    response = Response()
    with pytest.raises(ServiceError, match="cookie"):
        response.set_cookie(**{"key": "seen", **wrong})  # type: ignore[arg-type]
    assert response.cookies == []


@pytest.mark.parametrize("status", [99, 100, 199, 600, 1000, -1, True, "200", 200.0, None])
def test_a_status_that_no_reply_has_is_refused(status: object) -> None:
    response = Response()
    with pytest.raises(ServiceError, match="no status of a reply"):
        response.status_code = status  # type: ignore[assignment]
    assert response.status_code == 200


ASKED = Call(
    "predict",
    Payload(JSON, b'{"a": 1}'),
    "id-1",
    path="/a b",
    query="q=1&q=2",
    headers=(("host", "x.example:81"), ("cookie", 'a=1; b="two words"; c=%C3%A9; junk'), ("accept", "a, b")),
    client=("10.0.0.7", 51000),
)


def test_the_request_goes_by_the_names_of_starlette_too() -> None:
    request = Request(ASKED)
    assert request.query_params["q"] == "2"
    assert request.query_params.getlist("q") == ["1", "2"]
    assert request.query_params.multi_items() == [("q", "1"), ("q", "2")]
    assert dict(request.cookies) == {"a": "1", "b": "two words", "c": "\N{LATIN SMALL LETTER E WITH ACUTE}"}
    assert (request.url.path, request.url.hostname, request.url.port) == ("/a b", "x.example", 81)
    assert str(request.url) == "//x.example:81/a%20b?q=1&q=2"
    assert request.headers.getlist("accept") == ["a", "b"]
    assert request.client is not None
    assert (request.client.host, request.client.port) == ("10.0.0.7", 51000)
    assert Request(CALL).client is None
    assert asyncio.run(request.body()) == b'{"a": 1}'
    assert asyncio.run(request.json()) == {"a": 1}


def test_a_body_that_is_no_json_is_the_clients_mistake() -> None:
    with pytest.raises(BadInput, match="no JSON"):
        asyncio.run(Request(Call("a", Payload(JSON, b"{"), "id")).json())


def test_cookies_may_be_made_apart() -> None:
    response = Response()
    response.cookies = [Cookie("a", "1", max_age=5)]
    response.metadata["x-own"] = "1"
    assert [str(one) for one in response.cookies] == ["a=1; Max-Age=5; Path=/; SameSite=lax"]
    assert dict(response.headers) == {"x-own": "1"}
    assert "expires=" in str(Cookie("a", expires=60))
