"""`Executor`: threads, the loop, hooks."""

import asyncio
import threading
from collections.abc import Callable

import msgspec
import pytest

from ekiben.serving.declare.api import api
from ekiben.serving.declare.hooks import on_shutdown, on_startup
from ekiben.serving.declare.service import service
from ekiben.serving.execution.executor import INLINE_BYTES, Executor
from ekiben.serving.wire import Call, Reply

MakeCall = Callable[..., Call]


class Threads:
    def __init__(self) -> None:
        self.log: list[str] = []
        self.together = threading.Barrier(2, timeout=10)
        self.go_on = threading.Event()

    @on_startup
    def first(self) -> None:
        self.log.append(f"start {threading.current_thread() is not threading.main_thread()}")

    @on_startup
    async def second(self) -> None:
        self.log.append("start async")

    @on_shutdown
    def breaks(self) -> None:
        raise ValueError("cannot close")

    @on_shutdown
    async def last(self) -> None:
        self.log.append("stop")

    @api
    def meet(self) -> int:
        return self.together.wait()

    @api
    def wait(self) -> None:
        self.log.append("waiting")
        self.go_on.wait(10)

    @api
    async def where(self, text: str = "") -> list[str]:
        return [threading.current_thread().name, str(len(text))]


DECLARED = service(Threads)


def test_hooks_run_around_the_calls_and_a_failing_shutdown_hook_stops_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def go() -> list[str]:
        instance = Threads()
        executor = Executor(DECLARED, instance)
        await executor.start()
        await executor.stop()
        log: list[str] = instance.log
        return log

    assert asyncio.run(go()) == ["start True", "start async", "stop"]
    assert "`breaks` failed" in caplog.text


def test_sync_methods_run_in_as_many_threads_as_asked_for(call: MakeCall) -> None:
    async def go() -> list[Reply]:
        executor = Executor(DECLARED, Threads(), threads=2)
        both = await asyncio.gather(*(executor.run("meet", [call("meet")]) for _ in range(2)))
        return [reply for replies in both for reply in replies]

    assert sorted(bytes(one.payload.body) for one in asyncio.run(go())) == [b"0", b"1"]


@pytest.mark.parametrize("size", [10, INLINE_BYTES + 10])
def test_async_methods_run_on_the_loop_whatever_the_bodys_size(call: MakeCall, size: int) -> None:
    async def go() -> list[Reply]:
        return await Executor(DECLARED, Threads()).run("where", [call("where", text="x" * size)])

    (reply,) = asyncio.run(go())
    assert msgspec.json.decode(reply.payload.body) == [threading.main_thread().name, str(size)]


def test_an_unknown_api_is_a_404_for_each_call(call: MakeCall) -> None:
    async def go() -> list[Reply]:
        return await Executor(DECLARED, Threads()).run("nowhere", [call("nowhere"), call("nowhere")])

    assert [one.status for one in asyncio.run(go())] == [404, 404]


def test_a_call_that_is_given_up_keeps_its_thread_until_it_ends(call: MakeCall) -> None:
    async def go() -> list[str]:
        instance = Threads()
        executor = Executor(DECLARED, instance, threads=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(executor.run("wait", [call("wait")]), 0.1)
        second = asyncio.create_task(executor.run("wait", [call("wait")]))
        await asyncio.sleep(0.1)
        log: list[str] = list(instance.log)
        instance.go_on.set()
        await second
        return [*log, *instance.log]

    assert asyncio.run(go()) == ["waiting", "waiting", "waiting"]


class Panic(BaseException):
    """What foreign code raises: no Exception."""


class Panics:
    def __init__(self, error: BaseException = Panic("a secret")) -> None:  # noqa: B008 - it is only raised
        self.error = error

    @api
    def alone(self) -> None:
        raise self.error

    @api
    async def later(self) -> None:
        raise self.error

    @api(batchable=True)
    def together(self, x: list[int]) -> list[int]:
        if 13 in x:
            raise self.error
        return x

    @api(batchable=True)
    async def together_later(self, x: list[int]) -> list[int]:
        return self.together(x)

    @on_shutdown
    def at_the_end(self) -> None:
        raise self.error


PANICS = [Panic(), GeneratorExit(), asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(3)]


@pytest.mark.parametrize("error", PANICS, ids=repr)
def test_what_is_no_exception_ends_its_request_only(call: MakeCall, error: BaseException) -> None:
    async def go() -> list[list[int]]:
        executor = Executor(service(Panics), Panics(error))
        outcomes = []
        for name in ("alone", "later"):
            outcomes.append([one.status for one in await executor.run(name, [call(name)])])
        for name in ("together", "together_later"):
            calls = [call(name, x=[number]) for number in (1, 13, 2, 3)]
            outcomes.append([one.status for one in await executor.run(name, calls)])
        await executor.stop()
        return outcomes

    assert asyncio.run(go()) == [[500], [500], [200, 500, 200, 200], [200, 500, 200, 200]]


def test_a_call_that_is_cancelled_itself_ends(call: MakeCall) -> None:
    class Sleeps:
        @api
        async def sleep(self) -> None:
            await asyncio.sleep(60)

    async def go() -> None:
        running = asyncio.create_task(Executor(service(Sleeps), Sleeps()).run("sleep", [call("sleep")]))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())


def test_hooks_run_at_the_end_although_a_call_hangs(call: MakeCall) -> None:
    class Hangs:
        def __init__(self) -> None:
            self.go_on = threading.Event()
            self.is_closed = False

        @api
        def hang(self) -> None:
            self.go_on.wait(30)

        @on_shutdown
        def close(self) -> None:
            self.is_closed = True

    async def go() -> bool:
        instance = Hangs()
        executor = Executor(service(Hangs), instance)
        hanging = asyncio.create_task(executor.run("hang", [call("hang")]))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(5):
            await executor.stop()
        is_closed = instance.is_closed
        instance.go_on.set()
        await hanging
        return is_closed

    assert asyncio.run(go())


def test_the_loop_is_free_while_a_sync_method_runs(call: MakeCall) -> None:
    async def go() -> bool:
        instance = Threads()
        executor = Executor(DECLARED, instance)
        slow = asyncio.create_task(executor.run("wait", [call("wait")]))
        await asyncio.sleep(0.01)
        was_free_before_its_end = not slow.done()
        instance.go_on.set()
        await slow
        return was_free_before_its_end

    assert asyncio.run(go())


def test_a_batch_that_nobody_waits_for_any_more_stops_between_calls(call: MakeCall) -> None:
    class Counts:
        def __init__(self) -> None:
            self.calls = 0

        @api(batchable=True, max_batch_size=1)
        def run(self, x: list[int]) -> list[int]:
            self.calls += 1
            return x

    async def go() -> tuple[int, list[int]]:
        instance = Counts()
        executor = Executor(service(Counts), instance)
        calls = [call("run", x=[1]), call("run", x=[1, 2, 3, 4])]
        replies = await executor.run("run", calls, lambda _: instance.calls == 2)
        return instance.calls, [one.status for one in replies]

    assert asyncio.run(go()) == (2, [200, 503])


class Notes:
    def __init__(self) -> None:
        self.log: list[tuple[int, str]] = []

    @api
    def note(self, number: int) -> int:
        self.log.append((number, threading.current_thread().name))
        if number == 2:
            raise ValueError("two")
        return number


def test_a_group_of_calls_runs_one_after_the_other_in_one_thread(call: MakeCall) -> None:
    async def go() -> tuple[list[Reply], list[tuple[int, str]]]:
        instance = Notes()
        executor = Executor(service(Notes), instance, threads=4)
        replies = await executor.run("note", [call("note", number=number) for number in (1, 2, 3)])
        return replies, instance.log

    replies, log = asyncio.run(go())
    assert [one.status for one in replies] == [200, 500, 200]
    assert [number for number, _ in log] == [1, 2, 3]
    assert len({name for _, name in log}) == 1


def test_a_call_of_a_group_whose_client_has_left_is_not_begun(call: MakeCall) -> None:
    async def go() -> tuple[list[Reply], list[tuple[int, str]]]:
        instance = Notes()
        executor = Executor(service(Notes), instance)
        calls = [call("note", number=number) for number in (1, 5, 3)]
        return await executor.run("note", calls, lambda index: index == 1), instance.log

    replies, log = asyncio.run(go())
    assert [one.status for one in replies] == [200, 503, 200]
    assert [number for number, _ in log] == [1, 3]
