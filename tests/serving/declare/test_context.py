"""`Context`: what a method sees and says."""

from collections.abc import Iterator

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.context import BatchMember, Context, Request, Response
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
