"""Warm-up: examples are answered before the service is ready."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import NotFound, ServiceError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.declare.api import api
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.hooks import on_startup
from ekiben.serving.declare.service import service
from ekiben.serving.execution.executor import Executor
from ekiben.serving.execution.warm_up import WARM_UP_S, affordable_copies


def started(cls: type, **options: Any) -> Any:
    """An instance of the class whose executor has started."""

    async def go() -> Any:
        instance = cls()
        executor = Executor(service(cls), instance, **options)
        try:
            await executor.start()
        finally:
            await executor.stop()
        return instance

    return asyncio.run(go())


class Warm:
    def __init__(self) -> None:
        self.seen: list[object] = []

    @on_startup
    def load(self) -> None:
        self.seen.append("loaded")

    @api(example={"x": 1})
    def plain(self, x: int, ctx: Context) -> int:
        self.seen.append((ctx.request.path, ctx.request.id, x))
        return x

    @api(example={"x": 2})
    async def later(self, x: int) -> int:
        self.seen.append(x)
        return x

    @api(batchable=True, max_batch_size=7, example={"x": ["a", "b"]})
    def rows(self, x: list[str]) -> list[str]:
        self.seen.append(len(x))
        return x

    @api(example={"x": 3})
    def stream(self, x: int) -> Iterator[int]:
        try:
            while True:
                yield x
        finally:
            self.seen.append("closed")

    @api(idempotent=False, example={"x": 4})
    def pay(self, x: int) -> int:
        self.seen.append("paid")
        return x

    @api
    def without(self, x: int = 5) -> int:
        self.seen.append(x)
        return x


def test_each_example_is_answered_once_the_hooks_have_run() -> None:
    assert started(Warm).seen == ["loaded", ("/plain", "warm-up", 1), 2, 2, 6, "closed"]


def test_a_full_batch_goes_by_the_configured_size() -> None:
    assert started(Warm, batching={"rows": BatchOptions(max_batch_size=4)}).seen[3:5] == [2, 4]


def test_it_can_be_switched_off() -> None:
    assert started(Warm, warms_up=False).seen == ["loaded"]


class Fails:
    @api(example={"x": 1})
    def plain(self, x: int) -> int:
        raise NotFound("there is no such number")


class FailsInFull:
    @api(batchable=True, example={"x": [1]})
    def rows(self, x: list[int]) -> list[int]:
        return x if len(x) == 1 else [0]


class SaysSo:
    @api(example={"x": 1})
    def plain(self, x: int, ctx: Context) -> int:
        ctx.response.status_code = 409
        return x


class FailsToStream:
    @api(example={"x": 1})
    def stream(self, x: int) -> Iterator[int]:
        if x:
            raise ValueError("a secret")
        yield x


@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (Fails, "the example of the API `plain` is answered 404: there is no such number"),
        (FailsInFull, "the example of the API `rows` is answered 500: `rows` was given .* rows and returned 1"),
        (SaysSo, "the example of the API `plain` is answered 409: by the method"),
        (FailsToStream, "the example of the API `stream` is answered 500: internal server error"),
    ],
)
def test_an_example_that_fails_keeps_the_service_from_starting(cls: type, reason: str) -> None:
    with pytest.raises(ServiceError, match=reason):
        started(cls)


@given(most=st.integers(1, 10_000), took_s=st.floats(1e-7, 100))
def test_a_full_batch_takes_no_longer_than_the_limit_by_what_one_took(most: int, took_s: float) -> None:
    copies = affordable_copies(most, took_s)
    assert copies <= most
    assert copies * took_s <= WARM_UP_S
    assert copies == most or (copies + 1) * took_s > WARM_UP_S
