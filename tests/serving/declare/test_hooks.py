"""`@on_startup` and `@on_shutdown`."""

import pytest

from ekiben.errors import ServiceError
from ekiben.serving.declare.hooks import (
    SHUTDOWN,
    STARTUP,
    check_health_hooks,
    hooks_of,
    on_deployment,
    on_shutdown,
    on_startup,
    run_deployment_hooks,
)


class Base:
    @on_startup
    def connect(self) -> None: ...

    @on_shutdown
    def disconnect(self) -> None: ...


class Derived(Base):
    @on_startup
    async def warm(self) -> None: ...


def test_hooks_run_base_classes_first_in_order_of_declaration() -> None:
    assert hooks_of(Derived, STARTUP) == ("connect", "warm")
    assert hooks_of(Derived, SHUTDOWN) == ("disconnect",)


def test_a_hook_with_parameters_is_refused_with_its_place() -> None:
    def warm(self: object, model: str) -> None: ...

    with pytest.raises(ServiceError, match=r"test_hooks.py:\d+: a startup hook takes no parameters"):
        on_startup(warm)


def test_a_health_hook_with_parameters_is_refused_with_its_place() -> None:
    class Asked:
        def __is_ready__(self, how: str) -> bool:
            return True

    with pytest.raises(ServiceError, match=r"test_hooks.py:\d+: `__is_ready__` takes no parameters"):
        check_health_hooks(Asked)


def test_deployment_hooks_run_once_each_base_classes_first() -> None:
    ran: list[str] = []

    class First:
        @on_deployment
        @staticmethod
        def fetch() -> None:
            ran.append("fetch")

    class Second(First):
        @on_deployment
        def unpack() -> None:  # no `self`, as BentoML's
            ran.append("unpack")

        @on_startup
        def warm(self) -> None:
            ran.append("warm")

    run_deployment_hooks(Second)
    assert ran == ["fetch", "unpack"]


def test_a_deployment_hook_that_fails_ends_the_start() -> None:
    class Failing:
        @on_deployment
        def fetch() -> None:
            raise OSError("no disk")

    with pytest.raises(ServiceError, match="the deployment hook `fetch` failed: OSError: no disk"):
        run_deployment_hooks(Failing)


def test_a_deployment_hook_that_wants_an_instance_is_refused() -> None:
    def fetch(self: object) -> None: ...

    with pytest.raises(ServiceError, match="takes no parameters, nor `self`"):
        on_deployment(fetch)
