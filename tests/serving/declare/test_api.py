"""`@api` and the endpoints made of it."""

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ekiben.errors import NotActedOn, ServiceError
from ekiben.serving.declare.api import Endpoint, api, endpoints_of
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.options import BatchOptions


def only_endpoint(cls: type) -> Endpoint:
    (endpoint,) = endpoints_of(cls).values()
    return endpoint


def test_a_marked_method_is_still_an_ordinary_method() -> None:
    class Plain:
        @api
        def double(self, x: int) -> int:
            return 2 * x

    assert Plain().double(4) == 8


def test_name_route_and_doc_come_from_the_method() -> None:
    class Plain:
        @api
        def double(self, x: int) -> int:
            """Twice x."""
            return 2 * x

    endpoint = only_endpoint(Plain)
    assert (endpoint.name, endpoint.route, endpoint.function) == ("double", "/double", "double")
    assert (endpoint.doc, endpoint.is_async, endpoint.batch) == ("Twice x.", False, None)


def test_name_and_route_can_be_given() -> None:
    class Named:
        @api(name="twice", route="/v1/twice")
        async def double(self, x: int) -> int:
            return 2 * x

    endpoint = only_endpoint(Named)
    assert (endpoint.name, endpoint.route, endpoint.function, endpoint.is_async) == (
        "twice",
        "/v1/twice",
        "double",
        True,
    )


def test_options_of_batching_are_kept_in_seconds() -> None:
    class Batched:
        @api(batchable=True, batch_dim=(1, 0), max_batch_size=8, max_latency_ms=25, deadline_ms=500, idempotent=False)
        def scores(self, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            return x

    assert only_endpoint(Batched).batch == BatchOptions(8, 0.025, (1, 0), 0.5, False, "adaptive")


@pytest.mark.parametrize("annotation", [list[str], np.ndarray, pd.DataFrame, pd.Series])
def test_lists_arrays_frames_and_series_can_be_batched(annotation: object) -> None:
    def run(self: object, x: object, ctx: Context) -> object:
        return x

    run.__annotations__.update(x=annotation, **{"return": annotation})
    endpoint = only_endpoint(type("Batched", (), {"run": api(batchable=True)(run)}))
    assert endpoint.context_parameter == "ctx"


def batch_of_two(self: object, x: list[int], y: list[int]) -> list[int]:
    return x


def batch_of_a_scalar(self: object, x: int) -> list[int]:
    return [x]


def batch_of_anything(self: object, x) -> list[int]:  # type: ignore[no-untyped-def]
    return [x]


def batch_to_a_dict(self: object, x: list[int]) -> dict[str, int]:
    return {}


@pytest.mark.parametrize(
    ("method", "reason"),
    [
        (batch_of_two, "takes one parameter, and `run` has 2"),
        (batch_of_a_scalar, "`x` of the batchable API `run` is no list or array"),
        (batch_of_anything, "is no list or array"),
        (batch_to_a_dict, "returns no list or array"),
    ],
)
def test_what_cannot_be_batched_is_refused_with_place_and_remedy(method: Callable[..., object], reason: str) -> None:
    with pytest.raises(ServiceError, match=reason) as caught:
        endpoints_of(type("Wrong", (), {"run": api(batchable=True)(method)}))
    assert f"test_api.py:{method.__code__.co_firstlineno}: " in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    "options",
    [
        {"max_batch_size": 0},
        {"max_latency_ms": 0},
        {"deadline_ms": -1},
        {"batch_dim": -1},
        {"strategy": "greedy"},
    ],
)
def test_values_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match="cannot be used"):
        api(batchable=True, **options)(batch_of_two)


def test_only_arrays_have_a_second_dimension() -> None:
    def run(self: object, x: list[str]) -> list[str]:
        return x

    with pytest.raises(ServiceError, match="only arrays have dimensions beyond 0"):
        endpoints_of(type("Wrong", (), {"run": api(batchable=True, batch_dim=1)(run)}))


def test_options_of_batching_without_batching_are_refused() -> None:
    with pytest.raises(ServiceError, match="without `batchable=True`"):
        api(max_batch_size=8)(batch_of_two)


@pytest.mark.parametrize("route", ["predict", "/a b", "/", "/x/", "/metrics", "/static/mine"])
def test_routes_that_cannot_be_served_are_refused(route: str) -> None:
    with pytest.raises(ServiceError, match=f"`{route}`"):
        api(route=route)(batch_of_two)


def test_a_method_named_like_one_of_the_servers_routes_is_refused() -> None:
    class Metrics:
        @api
        def metrics(self) -> int:
            return 1

    with pytest.raises(ServiceError, match="`/metrics` is one of the server's own routes"):
        endpoints_of(Metrics)


def test_two_apis_of_one_route_are_refused() -> None:
    class Twice:
        @api(route="/run")
        def one(self) -> int:
            return 1

        @api(route="/run")
        def two(self) -> int:
            return 2

    with pytest.raises(ServiceError, match="`/run` is the route of `one` already"):
        endpoints_of(Twice)


def test_streams_are_refused_in_words() -> None:
    class Streams:
        @api
        def words(self) -> Iterator[str]:
            yield "a"

    class AsyncStreams:
        @api
        async def words(self) -> AsyncIterator[str]:
            yield "a"

    for cls in (Streams, AsyncStreams):
        with pytest.raises(NotActedOn, match="`words` is a generator"):
            endpoints_of(cls)


def test_input_spec_is_refused_in_words() -> None:
    with pytest.raises(NotActedOn, match="input_spec"):
        api(input_spec=dict)(batch_of_two)


def test_static_methods_are_no_apis() -> None:
    class Static:
        @staticmethod
        @api
        def run(x: int) -> int:
            return x

    with pytest.raises(ServiceError, match="ordinary method"):
        endpoints_of(Static)


def test_apis_are_inherited_and_overridden() -> None:
    class Base:
        @api
        def one(self) -> int:
            return 1

        @api
        def two(self) -> int:
            return 2

    class Derived(Base):
        @api(route="/zwei")
        def two(self) -> int:
            return 22

    assert {name: one.route for name, one in endpoints_of(Derived).items()} == {"one": "/one", "two": "/zwei"}


def test_a_wrapped_async_method_is_async() -> None:
    def logged(method: Callable[..., object]) -> Callable[..., object]:
        @functools.wraps(method)
        def wrapper(*args: object, **kwargs: object) -> object:
            return method(*args, **kwargs)

        return wrapper

    class Wrapped:
        @logged
        @api
        async def run(self, x: int) -> int:
            return x

    assert only_endpoint(Wrapped).is_async
