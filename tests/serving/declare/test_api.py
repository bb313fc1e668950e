"""`@api` and the endpoints made of it."""

import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ekiben.errors import ServiceError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.declare.api import Endpoint, api, endpoints_of
from ekiben.serving.declare.context import Context


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


@pytest.mark.parametrize("route", ["predict", "/a b", "//", "/x/", "/metrics", "/static/mine"])
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


class Streams:
    @api
    def words(self) -> Generator[str, None, None]:
        yield "a"

    @api
    async def later(self) -> AsyncGenerator[str, None]:
        yield "a"

    @api
    def open(self):  # type: ignore[no-untyped-def]
        yield "a"

    @api
    def handed_on(self) -> Iterator[str]:
        return self.words()

    @api
    async def awaited(self) -> AsyncIterator[str]:
        return self.later()

    @api
    def several(self) -> Iterable[str]:
        return ["a"]


def test_a_method_that_yields_or_returns_an_iterator_streams() -> None:
    found = {name: (one.is_stream, one.is_async) for name, one in endpoints_of(Streams).items()}
    assert found == {
        "words": (True, False),
        "later": (True, True),
        "open": (True, False),
        "handed_on": (True, False),
        "awaited": (True, True),
        "several": (False, False),
    }


def test_a_batchable_api_cannot_stream() -> None:
    def words(self: object, x: list[str]) -> Iterator[str]:
        yield from x

    with pytest.raises(ServiceError, match="answers in pieces"):
        endpoints_of(type("Batched", (), {"words": api(batchable=True)(words)}))


def test_every_api_says_whether_it_is_idempotent() -> None:
    class Once:
        @api(idempotent=False)
        def pay(self, amount: int) -> int:
            return amount

        @api
        def ask(self) -> int:
            return 0

    assert {name: one.is_idempotent for name, one in endpoints_of(Once).items()} == {"pay": False, "ask": True}


def test_an_example_is_checked_and_kept_as_a_body() -> None:
    class Shown:
        @api(example={"x": [1, 2]})
        def total(self, x: list[int], factor: int = 2) -> int:
            return factor * sum(x)

    example = only_endpoint(Shown).example
    assert example is not None
    assert (example.body, example.value) == (b'{"x":[1,2]}', {"x": [1, 2]})


@pytest.mark.parametrize(
    ("example", "reason"),
    [
        ({"y": 1}, "`y` is no field of this API"),
        ({}, "`x` is missing"),
        ({"x": "many"}, "`x`: input should be a valid integer"),
        ({"x": object()}, "it cannot be written as JSON"),
        ([1], "is a dictionary of its parameters"),
    ],
)
def test_an_example_that_would_be_refused_is_refused_at_declaration(example: Any, reason: str) -> None:
    def run(self: object, x: int) -> int:
        return x

    with pytest.raises(ServiceError, match=rf"test_api.py:\d+: .*{reason}"):
        endpoints_of(type("Shown", (), {"run": api(example=example)(run)}))


def test_the_example_of_a_whole_body_is_that_parameters() -> None:
    class Root:
        @api(example={"x": [1, 2]})
        def total(self, x: list[int], /) -> int:
            return sum(x)

    example = only_endpoint(Root).example
    assert example is not None
    assert example.body == b"[1,2]"


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
