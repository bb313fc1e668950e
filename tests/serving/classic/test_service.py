"""`Service(name, runners=[...])`: what it declares, what it refuses, and how its functions are called."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

import ekiben
from ekiben.errors import ServiceError
from ekiben.io import JSON, Multipart, NumpyNdarray, Text
from ekiben.serving.declare.graph import graph_of
from ekiben.serving.declare.hooks import run_deployment_hooks
from ekiben.serving.execution.executor import Executor
from ekiben.serving.openapi import openapi_document, schema_document
from ekiben.serving.wire import Answer, Call, Payload, StreamReply
from tests.serving.classic.requests import as_form


class Doubling(ekiben.Runnable):
    """A runner's work."""

    @ekiben.Runnable.method(batchable=True)
    def double(self, rows: list[int]) -> list[int]:
        return [row * 2 for row in rows]


def make_service(*runners: ekiben.Runner) -> ekiben.Service:
    return ekiben.Service("shop", runners=list(runners))


def ask(service: ekiben.Service, name: str, body: bytes = b"{}", content_type: str = "application/json") -> Answer:
    """One request to an executor of its own."""

    async def go() -> Answer:
        executor = Executor(service, service())
        await executor.start()
        call = Call(name, Payload(content_type, body), "id")
        try:
            if not service.endpoints[name].is_stream:
                return (await executor.run(name, [call]))[0]
            answer = await executor.stream(name, call)
            if isinstance(answer, StreamReply):
                chunks = b"".join([chunk async for chunk in answer.chunks])
                return answer.__class__(answer.status, answer.content_type, answer.chunks, (("body", chunks.decode()),))
            return answer
        finally:
            await executor.stop()

    return asyncio.run(go())


def body_of(answer: Answer) -> bytes:
    if isinstance(answer, StreamReply):
        return answer.headers[0][1].encode()
    return bytes(answer.payload.body)


def test_sync_and_async_functions_become_apis_with_names_routes_and_documents() -> None:
    svc = make_service()

    @svc.api(input=JSON(), output=JSON())
    def plain(value: dict[str, int]) -> dict[str, int]:
        """Says it again."""
        return value

    @svc.api(JSON(), Text(), name="other", route="v1/other", doc="  Another.")
    async def function(value: Any) -> str:
        return str(value)

    assert body_of(ask(svc, "plain", b'{"a":1}')) == b'{"a":1}'
    assert body_of(ask(svc, "other", b"3")) == b"3"
    assert [(one.route, one.doc) for one in svc.apis.values()] == [
        ("/plain", "Says it again."),
        ("/v1/other", "Another."),
    ]
    assert plain({"a": 1}) == {"a": 1}  # the function stays what it was
    assert isinstance(svc, ekiben.Service)
    assert svc.import_string == f"{__name__}:shop"


def test_a_context_is_the_parameter_beside_the_input() -> None:
    svc = make_service()

    @svc.api(input=JSON(), output=Text())
    def created(value: object, ctx: ekiben.Context) -> str:
        ctx.response.status_code = 201
        return ctx.request.id

    answer = ask(svc, "created")
    assert (answer.status, body_of(answer)) == (201, b"id")


def test_the_parts_of_a_form_come_by_name() -> None:
    svc = make_service()

    @svc.api(input=Multipart(rows=NumpyNdarray(), note=Text()), output=JSON())
    def both(note: str, rows: Any, ctx: ekiben.Context) -> list[object]:
        return [note, rows.sum(), ctx.request.method]

    form = as_form(("rows", None, "", b"[1, 2]"), ("note", None, "", b"hi"))
    assert body_of(ask(svc, "both", bytes(form.body), form.content_type)) == b'["hi",3,"POST"]'


def yielding(text: str) -> Iterator[str]:
    yield from text


async def yielding_later(text: str) -> AsyncIterator[str]:
    for one in text:
        yield one


async def giving_an_iterator(text: str) -> AsyncIterator[str]:
    return yielding_later(text)


def giving_text(text: str) -> str:
    return text


@pytest.mark.parametrize("function", [yielding, yielding_later, giving_an_iterator, giving_text])
def test_events_are_what_the_function_yields_or_returns_an_iterator_of(function: Callable[..., Any]) -> None:
    svc = make_service()
    svc.api(input=Text(), output=Text("text/event-stream"))(function)
    answer = ask(svc, function.__name__, b"abc", "text/plain")
    assert isinstance(answer, StreamReply)
    assert (answer.content_type, body_of(answer)) == ("text/event-stream", b"abc")


def test_hooks_share_their_state_with_every_request() -> None:
    svc = make_service()
    ended: list[object] = []

    @svc.on_startup
    async def connect(context: ekiben.Context) -> None:
        context.state["database"] = "open"

    @svc.on_startup
    def nothing_else() -> None: ...

    @svc.on_shutdown
    def close(context: ekiben.Context) -> None:
        ended.append(context.state["database"])

    @svc.api(input=JSON(), output=Text())
    def state(value: object, ctx: ekiben.Context) -> str:
        return str(ctx.state["database"])

    assert body_of(ask(svc, "state")) == b"open"
    assert ended == ["open"]


def test_models_are_not_named_by_text() -> None:
    with pytest.raises(ServiceError, match="`'prices:latest'` in `models` of `shop` is no model"):
        ekiben.Service("shop", models=["prices:latest"])  # type: ignore[list-item]


def test_runners_are_services_that_this_one_depends_on() -> None:
    svc = make_service(ekiben.Runner(Doubling, name="Doubler"))
    assert list(graph_of(svc)) == ["shop", "Doubler"]
    assert graph_of(svc)["Doubler"].endpoints["double"].batch is not None


def test_functions_of_a_hand_made_service_call_runners_that_run_locally() -> None:
    doubler = ekiben.Runner(Doubling, name="twice")
    svc = make_service(doubler)

    @svc.api(input=JSON(), output=JSON())
    async def twice(rows: list[int]) -> Any:
        return await doubler.double.async_run(rows)

    with pytest.raises(ServiceError, match="does not run here"):
        doubler.run([1])
    doubler.init_local(quiet=True)
    assert body_of(ask(svc, "twice", b"[1,2]")) == b"[2,4]"


def test_documents_tell_what_descriptors_say() -> None:
    svc = make_service()

    @svc.api(input=JSON.from_sample({"a": 1}), output=Text())
    def say(value: object) -> str:
        return str(value)

    operation: Any = openapi_document(svc)["paths"]
    assert operation["/say"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {"examples": [{"a": 1}]}
    assert operation["/say"]["post"]["responses"]["200"]["content"] == {"text/plain": {"schema": {"type": "string"}}}
    routes: Any = schema_document(svc)["routes"]
    assert [one["name"] for one in routes] == ["say"]


def without_parameters() -> None: ...
def with_three(a: object, b: object, c: object) -> None: ...
def with_a_stranger(a: object, b: object) -> None: ...
def index(value: object) -> None: ...


@pytest.mark.parametrize(
    ("function", "reads", "route"),
    [
        (without_parameters, JSON(), None),
        (with_three, JSON(), None),
        (with_a_stranger, Multipart(a=JSON()), None),
        (with_a_stranger, Multipart(a=JSON(), c=JSON()), None),
        (index, JSON(), "/metrics"),
        (index, JSON(), "a b"),
        (yielding, JSON(), None),
        (index, JSON, None),
    ],
)
def test_functions_that_cannot_be_served_so_are_refused(function: Any, reads: Any, route: str | None) -> None:
    with pytest.raises(ServiceError):
        make_service().api(input=reads, output=JSON(), route=route)(function)


def test_names_and_routes_are_unique() -> None:
    svc = make_service()
    svc.api(input=JSON(), output=JSON())(index)
    for options in ({}, {"name": "other", "route": "/index"}):
        with pytest.raises(ServiceError, match="already"):
            svc.api(input=JSON(), output=JSON(), **options)(index)


@pytest.mark.parametrize("runners", [["Doubler"], [ekiben.Runner(Doubling, name="shop")]])
def test_what_is_no_runner_of_its_own_name_is_refused(runners: Any) -> None:
    with pytest.raises(ServiceError):
        ekiben.Service("shop", runners=runners)


def test_a_class_is_decorated_instead() -> None:
    with pytest.raises(ServiceError) as caught:
        ekiben.Service(Doubling)  # type: ignore[arg-type]
    assert caught.value.hint == "decorate a class with `@ekiben.service`"


def test_hooks_of_the_server_run_before_any_worker() -> None:
    svc, ran = make_service(), list[str]()

    @svc.on_deployment
    def prepare() -> None:
        ran.append("first")

    svc.on_deployment(lambda: ran.append("second"))
    run_deployment_hooks(svc.inner)
    assert ran == ["first", "second"]


def test_tracing_is_told_to_be_without_effect(caplog: pytest.LogCaptureFixture) -> None:
    ekiben.Service("shop", tracing={"sample_rate": 1})
    assert "no spans" in caplog.text
