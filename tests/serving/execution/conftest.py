"""What the tests of execution share."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.declare.service import Service
from ekiben.serving.execution.executor import Executor
from ekiben.serving.wire import JSON, Call, Payload, Reply

MakeCall = Callable[..., Call]
Run = Callable[..., list[Reply]]


@pytest.fixture
def call() -> MakeCall:
    """`call("predict", x=[1])`: a request with that JSON body; its id is `request-<the body>`."""

    def make(endpoint: str, headers: Sequence[tuple[str, str]] = (), **fields: Any) -> Call:
        body = msgspec.json.encode(fields)
        return Call(endpoint, Payload(JSON, body), f"request-{body.decode()}", headers=tuple(headers))

    return make


@pytest.fixture
def run() -> Run:
    """`run(service, calls)`: the replies of a fresh executor to calls of one endpoint."""

    def run_calls(
        service: Service, calls: Sequence[Call], *, threads: int = 1, batching: dict[str, BatchOptions] | None = None
    ) -> list[Reply]:
        async def go() -> list[Reply]:
            executor = Executor(service, service(), threads=threads, batching=batching)
            await executor.start()
            try:
                return await executor.run(calls[0].endpoint, calls)
            finally:
                await executor.stop()

        return asyncio.run(go())

    return run_calls
