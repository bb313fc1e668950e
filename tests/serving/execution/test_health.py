"""`HealthHook`: what a service says of itself."""

import asyncio
import threading

import pytest

from ekiben.serving.declare.api import api
from ekiben.serving.declare.service import service
from ekiben.serving.execution.executor import Executor
from ekiben.serving.execution.health import HealthHook


class Patient:
    def __init__(self, *said: object) -> None:
        self.said = list(said)
        self.thread = ""

    def next(self) -> object:
        said = self.said.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said

    def __is_alive__(self) -> object:
        self.thread = threading.current_thread().name
        return self.next()

    async def __is_ready__(self) -> object:
        return self.next()

    @api
    def run(self) -> int:
        return 1


def answers(name: str, *said: object) -> list[bool]:
    async def go() -> list[bool]:
        hook = HealthHook(Patient(*said), name)
        return [await hook.ask() for _ in said]

    return asyncio.run(go())


@pytest.mark.parametrize("name", ["__is_alive__", "__is_ready__"])
def test_a_hook_answers_by_what_it_returns(name: str) -> None:
    assert answers(name, True, False, 1, None, True) == [True, False, True, False, True]


@pytest.mark.parametrize("name", ["__is_alive__", "__is_ready__"])
@pytest.mark.parametrize("error", [ValueError("a"), SystemExit(3), asyncio.CancelledError(), StopIteration()], ids=repr)
def test_a_hook_that_raises_says_no_whatever_it_raises(name: str, error: BaseException) -> None:
    assert answers(name, error, True) == [False, True]


def test_a_no_is_logged_once_until_the_next_yes(caplog: pytest.LogCaptureFixture) -> None:
    answers("__is_alive__", ValueError("a"), ValueError("b"), False, True, False)
    assert [one.getMessage() for one in caplog.records] == [
        "`__is_alive__` of the service failed",
        "`__is_alive__` of the service returned False",
    ]


def test_a_service_without_hooks_is_alive_and_ready() -> None:
    class Plain:
        @api
        def run(self) -> int:
            return 1

    async def go() -> tuple[bool, bool]:
        executor = Executor(service(Plain), Plain())
        return await executor.is_alive(), await executor.is_ready()

    assert asyncio.run(go()) == (True, True)


def test_the_executor_asks_beside_its_busy_threads() -> None:
    async def go() -> tuple[bool, bool, str]:
        patient = Patient(True, False)
        executor = Executor(service(Patient), patient)
        return await executor.is_alive(), await executor.is_ready(), patient.thread

    is_alive, is_ready, thread = asyncio.run(go())
    assert (is_alive, is_ready) == (True, False)
    assert thread.startswith("ekiben-__is_alive__")


def test_a_hook_that_hangs_says_no_and_is_not_called_again_meanwhile() -> None:
    class Hangs:
        def __init__(self) -> None:
            self.calls = 0
            self.go_on = threading.Event()

        def __is_alive__(self) -> bool:
            self.calls += 1
            return self.go_on.wait(10)

    async def go() -> tuple[list[bool], int, bool]:
        instance = Hangs()
        hook = HealthHook(instance, "__is_alive__", limit_s=0.05)
        said = [await hook.ask(), await hook.ask()]
        calls = instance.calls
        instance.go_on.set()
        await asyncio.sleep(0.05)
        return said, calls, await hook.ask()

    assert asyncio.run(go()) == ([False, False], 1, True)
