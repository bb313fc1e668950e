"""`depends()`, and the graph of services that it makes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ekiben.errors import NotActedOn, ServiceError, UsageError
from ekiben.serving.declare.api import api
from ekiben.serving.declare.dependency import Dependency, bound, depends
from ekiben.serving.declare.graph import graph_of, member_of
from ekiben.serving.declare.service import Service


class _Stage:
    @api
    def double(self, x: int) -> int:
        return 2 * x

    @api
    async def triple(self, x: int) -> int:
        return 3 * x


STAGE = Service(_Stage, name="Stage")


class _Caller:
    stage = depends(STAGE)

    @api
    def run(self, x: int) -> int:
        return int(self.stage.double(x))


CALLER = Service(_Caller, name="Caller")


def service_on(name: str, *others: Service) -> Service:
    members: dict[str, object] = {f"other_{index}": Dependency(one) for index, one in enumerate(others)}
    return Service(type(name, (_Stage,), members), name=name)


def test_an_instance_made_by_hand_calls_the_other_class() -> None:
    caller: Any = CALLER()
    assert caller.run(4) == 8
    assert caller.stage.to_sync.triple(2) == 6
    assert asyncio.run(caller.stage.to_async.double(2)) == 4
    assert asyncio.run(caller.stage.triple(2)) == 6


def test_each_instance_has_an_other_of_its_own() -> None:
    one, two = CALLER(), CALLER()
    assert one.stage is one.stage
    assert one.stage is not two.stage


def test_what_is_bound_is_there_while_the_instance_is_made() -> None:
    class Early:
        stage = depends(STAGE)

        def __init__(self) -> None:
            self.seen = self.stage

        @api
        def run(self) -> int:
            return 1

    service = Service(Early)
    with bound({service.dependencies["stage"]: "a callee"}):
        instance = service()
    assert (instance.seen, instance.stage) == ("a callee", "a callee")


def test_dependencies_are_inherited() -> None:
    class Heir(_Caller):
        pass

    assert list(Service(Heir).dependencies) == ["stage"]


@pytest.mark.parametrize(
    ("arguments", "named", "said"),
    [
        ((), {}, "names no service"),
        ((_Stage,), {}, "is for services"),
        ((), {"url": "ftp://host"}, "is no URL"),
        ((), {"url": "host:3000"}, "is no URL"),
    ],
)
def test_what_cannot_be_depended_on_is_said(arguments: tuple[Any, ...], named: dict[str, Any], said: str) -> None:
    with pytest.raises(ServiceError, match=said):
        depends(*arguments, **named)


def test_a_vendors_cloud_is_not_acted_on() -> None:
    with pytest.raises(NotActedOn, match="deployment"):
        depends(deployment="mine")


def test_one_that_is_known_by_its_url_needs_a_server() -> None:
    class Far:
        stage = depends(url="http://stage.example:3000")

        @api
        def run(self) -> int:
            return int(self.stage.double(x=1))

    with pytest.raises(ServiceError, match="which only a server calls"):
        Service(Far)().run()


def test_the_graph_begins_with_the_entry_and_has_each_once() -> None:
    deep = service_on("Deep")
    left, right = service_on("Left", deep), service_on("Right", deep)
    assert list(graph_of(service_on("Entry", left, right))) == ["Entry", "Left", "Deep", "Right"]


def test_a_circle_is_refused_with_its_members() -> None:
    one = service_on("One")
    two = service_on("Two", one)
    one.dependencies = {"back": Dependency(two)}
    with pytest.raises(ServiceError, match="`One` -> `Two` -> `One`"):
        graph_of(one)


def test_two_services_of_one_name_are_refused() -> None:
    with pytest.raises(ServiceError, match="two services are named `Same`"):
        graph_of(service_on("Entry", service_on("Same"), service_on("Same")))


def test_a_member_is_found_by_name_or_the_nearest_is_told() -> None:
    assert member_of(CALLER, "Stage") is STAGE
    with pytest.raises(UsageError) as refused:
        member_of(CALLER, "Stag")
    assert "Stage" in (refused.value.hint or "")
