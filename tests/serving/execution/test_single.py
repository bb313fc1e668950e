"""Requests one by one."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ekiben.errors import ModelNotFound, Overloaded, RequestError
from ekiben.serving.declare.api import api
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.service import service
from ekiben.serving.wire import JSON, Call, Payload, Reply

MakeCall = Callable[..., Call]
Run = Callable[..., list[Reply]]


class Teapot(RequestError):
    http_status = 418


@service
class Mixed:
    @api
    def add(self, x: int, y: int = 1) -> int:
        return x + y

    @api
    async def later(self, x: int) -> int:
        return x

    @api
    def whole(self, x: list[int], /) -> int:
        return sum(x)

    @api
    def scores(self, x: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"scores": x * 2}

    @api
    def fails(self, how: str) -> int:
        failures: dict[str, BaseException] = {
            "value": ValueError("a secret"),
            "exit": SystemExit(3),
            "stop": StopIteration(),
            "teapot": Teapot("short and stout", hint="tip me over"),
            "model": ModelNotFound("no `iris`"),
            "busy": Overloaded("come again", retry_after_s=2.5),
        }
        raise failures[how]

    @api
    def says(self, ctx: Context) -> str:
        ctx.response.status_code = 201
        ctx.response.headers["X-Answer"] = "42"
        ctx.response.headers["Content-Type"] = "text/plain"
        ctx.response.set_cookie("a", "1")
        ctx.response.set_cookie("b", "2")
        ctx.state["count"] = int(str(ctx.state.get("count", 0))) + 1
        return f"{ctx.request.headers.get('x-name')} {ctx.state['count']}"

    @api
    def keep(self, doc: Path, ctx: Context) -> list[str]:
        return [str(doc), doc.read_text(), str(ctx.temp_dir)]

    @api
    def sent_back(self, doc: Path) -> Path:
        return doc

    @api
    def turned(self, photo: Image.Image) -> Image.Image:
        return photo.rotate(90, expand=True)


def test_arguments_go_in_and_the_bare_result_comes_out(call: MakeCall, run: Run) -> None:
    for fields, body in (({"x": 1, "y": 2}, b"3"), ({"x": 1}, b"2")):
        [reply] = run(Mixed, [call("add", **fields)])
        assert (reply.status, reply.payload) == (200, Payload(JSON, body))
        assert 0 < reply.worked_s < 60
    assert run(Mixed, [call("later", x=4)]) == [Reply(200, Payload(JSON, b"4"))]
    assert run(Mixed, [call("scores", x=[1, 2])])[0].payload.body == b'{"scores":[2,4]}'


def test_a_root_parameter_is_passed_by_position(run: Run) -> None:
    assert run(Mixed, [Call("whole", Payload(JSON, b"[1, 2, 3]"), "r")])[0].payload.body == b"6"


def test_several_calls_are_answered_in_order(call: MakeCall, run: Run) -> None:
    replies = run(Mixed, [call("add", x=one) for one in range(20)], threads=4)
    assert [msgspec.json.decode(one.payload.body) for one in replies] == list(range(1, 21))


@pytest.mark.parametrize("how", ["value", "exit", "stop"])
def test_a_failure_of_the_service_tells_an_id_and_no_internals(
    call: MakeCall, run: Run, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    (reply,) = run(Mixed, [call("fails", how=how)])
    assert reply.status == 500
    body = msgspec.json.decode(reply.payload.body)
    assert body["error"] == "internal server error"
    assert 'request-{"how"' in body["detail"]
    assert b"secret" not in reply.payload.body
    assert caplog.records[0].exc_info


@pytest.mark.parametrize(("how", "status"), [("teapot", 418), ("busy", 503)])
def test_an_error_with_a_status_is_that_status(call: MakeCall, run: Run, how: str, status: int) -> None:
    (reply,) = run(Mixed, [call("fails", how=how)])
    assert reply.status == status
    assert dict(reply.headers) == ({"retry-after": "3"} if how == "busy" else {})
    if how == "teapot":
        assert msgspec.json.decode(reply.payload.body) == {"error": "short and stout", "detail": "tip me over"}


def test_a_model_that_is_missing_is_the_servers_fault(call: MakeCall, run: Run) -> None:
    (reply,) = run(Mixed, [call("fails", how="model")])
    assert reply.status == 500
    assert b"iris" not in reply.payload.body


def test_the_context_shows_the_request_and_shapes_the_reply(call: MakeCall, run: Run) -> None:
    (reply,) = run(Mixed, [call("says", [("X-Name", "Ada")])])
    assert (reply.status, reply.payload) == (201, Payload("text/plain", b'"Ada 1"'))
    assert reply.headers == (
        ("x-answer", "42"),
        ("set-cookie", "a=1; Path=/; SameSite=lax"),
        ("set-cookie", "b=2; Path=/; SameSite=lax"),
    )


def test_an_upload_lies_in_the_calls_folder_and_is_gone_after_the_reply(run: Run) -> None:
    (reply,) = run(Mixed, [Call("keep", Payload("text/plain", b"hello"), "r")])
    path, text, folder = msgspec.json.decode(reply.payload.body)
    assert text == "hello"
    assert Path(path).is_relative_to(folder)
    assert not Path(folder).exists()


def test_an_uploaded_file_can_be_sent_back(run: Run) -> None:
    assert run(Mixed, [Call("sent_back", Payload("text/csv", b"a,b"), "r")])[0].payload.body == b"a,b"


def test_an_image_goes_in_and_out(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (4, 2)).save(tmp_path / "a.png")
    (reply,) = run(Mixed, [Call("turned", Payload("image/png", (tmp_path / "a.png").read_bytes()), "r")])
    assert reply.payload.content_type == "image/png"
    assert Image.open(io.BytesIO(reply.payload.body)).size == (2, 4)
