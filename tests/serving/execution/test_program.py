"""Programs and their drivers."""

import asyncio
from collections.abc import Coroutine, Generator

import pytest

from ekiben.serving.execution.program import Invocation, Program, drive, drive_async
from ekiben.serving.execution.threads import Threads


def collecting(log: list[str]) -> Program[list[object]]:
    """Calls twice; a call that fails counts as its error's text."""
    outcomes: list[object] = []
    try:
        for number in (1, 2):
            try:
                outcomes.append((yield Invocation((number,), {"by": 10})))
            except (ValueError, StopIteration, SystemExit) as error:
                outcomes.append(repr(error))
        return outcomes
    finally:
        log.append("closed")


def multiply(number: int, by: int) -> int:
    if number == 2:
        raise StopIteration("enough")
    return number * by


async def multiply_async(number: int, by: int) -> int:
    await asyncio.sleep(0)
    return multiply(number, by) if number == 1 else -1


def test_results_and_errors_go_back_into_the_program() -> None:
    assert drive(collecting([]), multiply) == [10, "StopIteration('enough')"]


def test_a_coroutine_function_is_awaited_with_or_without_threads() -> None:
    assert asyncio.run(drive_async(collecting([]), multiply_async)) == [10, -1]
    assert asyncio.run(drive_async(collecting([]), multiply_async, Threads(1, "test"))) == [10, -1]


def test_a_cancelled_program_is_closed_at_once() -> None:
    log: list[str] = []

    async def forever(number: int, by: int) -> None:
        await asyncio.sleep(60)

    async def go() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(drive_async(collecting(log), forever), 0.01)
        assert log == ["closed"]

    asyncio.run(go())


def test_a_program_that_its_loop_has_left_behind_can_be_closed() -> None:
    log: list[str] = []

    async def forever(number: int, by: int) -> None:
        await asyncio.sleep(60)

    async def go() -> Coroutine[object, object, list[object]]:
        driven = drive_async(collecting(log), forever)
        driven.send(None)
        return driven

    asyncio.run(go()).close()
    assert log == ["closed"]


def test_an_error_of_the_program_itself_is_raised() -> None:
    def wrong() -> Generator[Invocation, object, None]:
        yield Invocation((1,), {"by": 1})
        raise KeyError("ours")

    with pytest.raises(KeyError):
        drive(wrong(), multiply)
