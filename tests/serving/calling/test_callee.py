"""Another service as an attribute: arguments to a Call, an Answer to a result or an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest
from pydantic import BaseModel

from ekiben.errors import EkibenError, InternalError, Overloaded, RequestError, TooManyRequests
from ekiben.serving.calling.callee import Callee
from ekiben.serving.calling.caller import CALLER, Caller
from ekiben.serving.calling.open_callee import OpenCallee
from ekiben.serving.declare.api import api
from ekiben.serving.declare.service import Service
from ekiben.serving.payload.values import VALUES, decode_values, encode_values
from ekiben.serving.wire import JSON, Answer, Call, Payload, Reply


class Point(BaseModel):
    x: int


class _Stage:
    @api
    def place(self, point: Point, scale: float = 1.0) -> Point:
        return point

    @api(name="other", route="/v1/other")
    async def renamed(self, rows: np.ndarray) -> np.ndarray:
        return rows


STAGE = Service(_Stage, name="Stage")


class Recorder:
    """A link that answers with `reply` and keeps what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[tuple[str, Call]] = []

    async def ask(self, service: str, call: Call) -> Answer:
        self.asked.append((service, call))
        return self.reply


def answered(value: object) -> Recorder:
    return Recorder(Reply(200, encode_values(value)))


def run(link: Recorder, use: Callable[[Any], Any]) -> Any:
    """What `use` of the callee gives, in a thread where it blocks."""

    async def main() -> Any:
        callee = Callee(STAGE, link)
        found = await asyncio.to_thread(use, callee)
        return await found if asyncio.iscoroutine(found) else found

    return asyncio.run(main())


def call_of(name: str, callee: Any) -> Any:
    return getattr(callee, name)(np.ones(2))


def test_arguments_go_by_name_as_they_are() -> None:
    link = answered({"x": 2})
    run(link, lambda callee: callee.place(Point(x=1), scale=2))
    service, call = link.asked[0]
    assert (service, call.endpoint, call.path, call.payload.content_type) == ("Stage", "place", "/place", VALUES)
    assert decode_values(call.payload.body) == {"point": {"x": 1}, "scale": 2}


def test_a_result_is_what_the_api_declares() -> None:
    assert run(answered({"x": 2}), lambda callee: callee.place(Point(x=1))) == Point(x=2)
    assert run(answered([1.5]), lambda callee: callee.to_sync.renamed([1])).tolist() == [1.5]


def test_an_async_api_is_awaited_by_its_method_or_its_name() -> None:
    for name in ("renamed", "other"):
        link = answered(np.ones(2))
        assert run(link, partial(call_of, name)).tolist() == [1, 1]
        assert link.asked[0][1].path == "/v1/other"


@pytest.mark.parametrize(
    ("arguments", "named"), [((1, 2, 3), {}), ((1,), {"point": 2}), ((), {"nothing": 1})], ids=["many", "twice", "new"]
)
def test_wrong_arguments_are_a_type_error_before_anything_is_sent(
    arguments: tuple[Any, ...], named: dict[str, Any]
) -> None:
    link = answered(None)
    with pytest.raises(TypeError, match=r"`Stage\.place`"):
        run(link, lambda callee: callee.place(*arguments, **named))
    assert not link.asked


def test_an_unknown_api_is_said_with_those_that_there_are() -> None:
    with pytest.raises(AttributeError, match="it has place, other"):
        run(answered(None), lambda callee: callee.plaze())


@pytest.mark.parametrize(
    ("status", "kind"), [(429, TooManyRequests), (500, InternalError), (503, Overloaded), (418, RequestError)]
)
def test_an_error_keeps_its_status_and_names_the_api(status: int, kind: type[EkibenError]) -> None:
    body = msgspec.json.encode({"error": "no", "detail": "why"})
    link = Recorder(Reply(status, Payload(JSON, body), (("retry-after", "7"),)))
    with pytest.raises(kind) as raised:
        run(link, lambda callee: callee.place(Point(x=1)))
    assert (raised.value.http_status, raised.value.message) == (status, "`Stage.place`: no")
    assert getattr(raised.value, "retry_after_s", 7) == 7


def test_the_callers_id_deadline_and_trace_go_along() -> None:
    link = answered({"x": 1})

    async def main() -> None:
        CALLER.set(Caller("mine", 12.5, (("traceparent", "t"),)))
        await Callee(STAGE, link).to_async.place(Point(x=1))

    asyncio.run(main())
    call = link.asked[0][1]
    assert (call.request_id, call.deadline_s, call.headers) == ("mine", 12.5, (("traceparent", "t"),))


def test_one_known_by_its_url_takes_any_name_and_json_where_that_will_do() -> None:
    link = answered(3)

    async def main() -> None:
        callee: Any = OpenCallee("far", link)
        assert await callee.to_async.anything(x=1) == 3
        await callee.to_async.anything(x=np.ones(1), y=b"\xff")
        with pytest.raises(TypeError, match="by name"):
            await callee.to_async.anything(1)

    asyncio.run(main())
    assert [call.payload.content_type for _, call in link.asked] == [JSON, JSON]
    assert link.asked[0][1].path == "/anything"
