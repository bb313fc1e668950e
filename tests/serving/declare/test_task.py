"""`@task`: what a method says of its runs, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.api import Endpoint, api, endpoints_of
from ekiben.serving.declare.task import task
from ekiben.serving.declare.task_options import TaskOptions


def only_endpoint(cls: type) -> Endpoint:
    (endpoint,) = endpoints_of(cls).values()
    return endpoint


def test_a_task_is_an_api_that_knows_how_it_is_run() -> None:
    class Plain:
        @task
        def train(self, rounds: int) -> int:
            return rounds

    endpoint = only_endpoint(Plain)
    assert Plain().train(3) == 3
    assert (endpoint.route, endpoint.is_idempotent, endpoint.task) == ("/train", True, TaskOptions())


def test_options_of_tasks_and_of_apis_are_kept() -> None:
    class Told:
        @task(route="/v1/train", timeout=5, max_attempts=7, idempotent=False, backoff=0.5, batchable=True)
        def train(self, rounds: list[int]) -> list[int]:
            return rounds

    endpoint = only_endpoint(Told)
    assert endpoint.task == TaskOptions(5, 7, is_idempotent=False, backoff_s=0.5)
    assert endpoint.batch is not None
    assert (endpoint.route, endpoint.is_idempotent, endpoint.batch.is_idempotent) == ("/v1/train", False, False)


def test_a_route_below_a_task_that_another_api_has_is_refused() -> None:
    class Both:
        @task
        def train(self) -> int:
            return 1

        @api(route="/train/status")
        def other(self) -> int:
            return 2

    with pytest.raises(ServiceError, match="`/train/status` is the route of `train` already"):
        endpoints_of(Both)


def test_a_task_that_streams_is_refused() -> None:
    class Streams:
        @task
        def train(self) -> Iterator[str]:
            yield "a"

    with pytest.raises(ServiceError, match="the task `train` answers in pieces"):
        endpoints_of(Streams)


@pytest.mark.parametrize(
    "options",
    [{"timeout": 0}, {"max_attempts": 0}, {"backoff": 0}, {"retry_failed": True, "idempotent": False}],
    ids=str,
)
def test_options_that_cannot_be_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ServiceError, match="cannot be used"):
        task(**options)(lambda self: None)  # type: ignore[call-overload]
