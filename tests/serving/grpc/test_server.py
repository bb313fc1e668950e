"""gRPC's side of the protocol, over real connections: what ends a call, and how it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import grpc
import grpc.aio
import numpy as np
import pytest

from ekiben.errors import BadInput, Overloaded, UsageError
from ekiben.serving.failures import reply_to
from ekiben.serving.grpc.messages import MESSAGES, SERVICE
from ekiben.serving.grpc.server import GrpcOptions, GrpcServer
from ekiben.serving.http.access import LogAccess
from ekiben.serving.http.inference.models import Models, ServedModel
from ekiben.serving.http.request import Request
from ekiben.serving.interpreter import NEW_LOOP
from ekiben.serving.oip.metadata import Model
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.input import InputSpec, Parameter
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import Payload, Reply

Answer = Callable[[Request], Awaitable[Reply]]
Call = Callable[..., Any]
INPUT, OUTPUT = InputSpec([Parameter("x", np.ndarray)]), OutputSpec(np.ndarray)
TENSOR = {"name": "x", "datatype": "FP32", "shape": [2]}
RAW = {"model_name": "echo", "inputs": [TENSOR], "raw_input_contents": [b"abcdefgh"]}


async def echo(request: Request) -> Reply:
    """What a worker would answer of an API that gives its array back."""
    assert isinstance(request.body, bytes)
    payload = Payload(request.field(b"content-type"), request.body)
    try:
        return Reply(200, OUTPUT.encode(INPUT.decode(payload, RequestFolder())["x"], payload))
    except BadInput as error:
        return reply_to(error, request.id)


@asynccontextmanager
async def serving(
    answer: Answer, drain_s: float = 5.0, log_access: LogAccess | None = None
) -> AsyncIterator[tuple[GrpcServer, Call]]:
    """A server whose model `echo` is answered so, and what calls `ModelInfer`."""
    assert INPUT.tensors is not None
    model = Model("echo", INPUT.tensors, OUTPUT.tensors or ())
    served = {"echo": ServedModel("echo", model, answer)}
    models = Models("Echo", "", served, is_alive=lambda: True, is_ready=lambda: True)
    options = GrpcOptions("127.0.0.1", 0, max_message_bytes=1000, drain_s=drain_s, log_access=log_access)
    server = GrpcServer(models, options)
    await server.start()
    try:
        async with grpc.aio.insecure_channel(server.address) as channel:
            yield (
                server,
                channel.unary_unary(
                    f"/{SERVICE}/ModelInfer",
                    request_serializer=lambda message: message.SerializeToString(),
                    response_deserializer=MESSAGES["ModelInferResponse"].FromString,
                ),
            )
    finally:
        await server.close()


def run(test: Awaitable[None]) -> None:
    """Runs a test in the loop that servers run in."""

    async def waiting() -> None:
        await test

    with asyncio.Runner(loop_factory=NEW_LOOP) as runner:
        runner.run(waiting())


def request_of(**fields: object) -> Any:
    return MESSAGES["ModelInferRequest"](**fields)


TYPED = {
    "BOOL": ("bool_contents", [True, False]),
    "INT8": ("int_contents", [-1, 2]),
    "INT64": ("int64_contents", [-1, 2**40]),
    "UINT16": ("uint_contents", [1, 2]),
    "UINT64": ("uint64_contents", [1, 2**60]),
    "FP32": ("fp32_contents", [1.5, 2.0]),
    "FP64": ("fp64_contents", [0.1, 0.2]),
    "BYTES": ("bytes_contents", [b"a", "é".encode()]),
}


def test_a_request_is_answered_raw_or_typed_as_it_came() -> None:
    async def test() -> None:
        async with serving(echo) as (_, infer):
            raw = await infer(request_of(**RAW))
            assert (list(raw.raw_output_contents), list(raw.outputs[0].shape)) == ([b"abcdefgh"], [2])
            for datatype, (field, items) in TYPED.items():
                tensor = {"name": "x", "datatype": datatype, "shape": [2], "contents": {field: items}}
                typed = await infer(request_of(model_name="echo", inputs=[tensor]))
                assert list(getattr(typed.outputs[0].contents, field)) == items
                assert not typed.raw_output_contents

    run(test())


@pytest.mark.parametrize(
    ("changes", "code", "why"),
    [
        ({"model_name": "none"}, "NOT_FOUND", "no model `none`"),
        ({"raw_input_contents": [b"abc"]}, "INVALID_ARGUMENT", "8 bytes of FP32"),
        ({"raw_input_contents": [b"a", b"b"]}, "INVALID_ARGUMENT", "1 inputs, and 2 raw"),
        ({"raw_input_contents": [bytes(2000)]}, "RESOURCE_EXHAUSTED", "larger than max"),
        (
            {"inputs": [{"name": "x", "datatype": "FP16", "shape": [1]}], "raw_input_contents": []},
            "INVALID_ARGUMENT",
            "raw_input_contents",
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_a_status(changes: dict[str, object], code: str, why: str) -> None:
    async def test() -> None:
        async with serving(echo) as (_, infer):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await infer(request_of(**{**RAW, **changes}))
            assert failed.value.code() == grpc.StatusCode[code]
            assert why in str(failed.value.details())

    run(test())


def test_a_request_that_is_shed_is_told_when_to_come_again() -> None:
    async def shed(request: Request) -> Reply:
        return reply_to(Overloaded("no room"), request.id)

    async def test() -> None:
        async with serving(shed) as (_, infer):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await infer(request_of(**RAW))
            assert failed.value.code() == grpc.StatusCode.UNAVAILABLE
            assert dict(failed.value.trailing_metadata())["retry-after"] == "1"

    run(test())


def test_the_metadata_of_a_call_are_its_headers() -> None:
    seen: list[Request] = []

    async def remember(request: Request) -> Reply:
        seen.append(request)
        return await echo(request)

    async def test() -> None:
        async with serving(remember) as (_, infer):
            await infer(request_of(**RAW), metadata=(("x-request-id", "r-7"), ("x-bin", b"left out")))

    run(test())
    assert (seen[0].id, seen[0].path) == ("r-7", f"/{SERVICE}/ModelInfer")
    assert ("x-request-id", "r-7") in seen[0].headers()


def test_a_request_is_logged_as_one_by_http() -> None:
    logged: list[tuple[str, int, bool]] = []

    def log(request: Request, status: int, size: int, duration_s: float) -> None:
        logged.append((request.path, status, size > 0 and duration_s > 0))

    async def test() -> None:
        async with serving(echo, log_access=log) as (_, infer):
            await infer(request_of(**RAW))

    run(test())
    assert logged == [(f"/{SERVICE}/ModelInfer", 200, True)]


def test_a_client_that_goes_away_ends_its_request() -> None:
    async def test() -> None:
        begun, ended = asyncio.Event(), asyncio.Event()

        async def hang(request: Request) -> Reply:
            begun.set()
            try:
                return await asyncio.Future()
            finally:
                ended.set()

        async with serving(hang) as (_, infer):
            call = infer(request_of(**RAW))
            await begun.wait()
            call.cancel()
            await asyncio.wait_for(ended.wait(), 10)

    run(test())


def test_what_is_under_way_is_answered_before_the_server_ends() -> None:
    async def test() -> None:
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def wait(request: Request) -> Reply:
            begun.set()
            await may_end.wait()
            return await echo(request)

        async with serving(wait) as (server, infer):
            call = infer(request_of(**RAW))
            await begun.wait()
            server.begin_stop()
            may_end.set()
            assert (await call).raw_output_contents[0] == b"abcdefgh"

    run(test())


def test_what_outlasts_the_drain_is_cancelled() -> None:
    async def test() -> None:
        begun = asyncio.Event()

        async def hang(request: Request) -> Reply:
            begun.set()
            return await asyncio.Future()

        async with serving(hang, drain_s=0.05) as (server, infer):
            call = infer(request_of(**RAW))
            await begun.wait()
            server.begin_stop()
            with pytest.raises(grpc.aio.AioRpcError):
                await call

    run(test())


def test_a_port_that_is_taken_is_said() -> None:
    async def test() -> None:
        async with serving(echo) as (server, _):
            port = int(server.address.rpartition(":")[2])
            models = Models("Echo", "", {}, is_alive=lambda: True, is_ready=lambda: True)
            second = GrpcServer(models, GrpcOptions("127.0.0.1", port, max_message_bytes=1000, drain_s=1))
            with pytest.raises(UsageError, match="cannot be listened on"):
                await second.start()
            await second.close()

    run(test())
