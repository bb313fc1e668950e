"""Streams: their chunks, their head, their end; sync and async alike."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.errors import InternalError, NotFound
from ekiben.serving.declare.api import api
from ekiben.serving.declare.context import Context
from ekiben.serving.declare.hooks import on_shutdown
from ekiben.serving.declare.service import Service, service
from ekiben.serving.execution.executor import INLINE_BYTES, Executor
from ekiben.serving.execution.stream_sync import AHEAD_BYTES
from ekiben.serving.wire import JSON, Answer, Call, Payload, Reply, StreamReply

MakeCall = Callable[..., Call]
PAYLOAD = Payload(JSON, b"{}")
BOTH = pytest.mark.parametrize("name", ["words", "words_later"])


class Panic(BaseException):
    """What foreign code raises: no Exception."""


class Speaker:
    """The same stream twice: as a sync method and as an async one. `log` says what became of it."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.folder: Path | None = None
        self.is_stuck = threading.Event()
        self.go_on = threading.Event()

    def steps(self, text: str, raises: str, ctx: Context) -> Iterator[str]:
        self.folder = ctx.temp_dir
        if raises == "first":
            raise NotFound("there is no such word")
        ctx.response.status_code = 202
        ctx.response.headers["x-when"] = "before"
        for number, word in enumerate(text.split(" ")):
            yield word
            ctx.response.headers["x-when"] = "after"
            if raises and number == 1:
                raise {"panic": Panic, "exit": SystemExit, "value": ValueError}[raises]("a secret")

    @api
    def words(self, text: str, ctx: Context, raises: str = "") -> Iterator[str]:
        try:
            yield from self.steps(text, raises, ctx)
        finally:
            self.log.append(f"closed in {threading.current_thread().name.partition('-')[0]}")

    @api
    async def words_later(self, text: str, ctx: Context, raises: str = "") -> AsyncIterator[str]:
        try:
            for word in self.steps(text, raises, ctx):
                await asyncio.sleep(0)
                yield word
        finally:
            self.log.append("closed on the loop")

    @api
    def stuck(self) -> Iterator[str]:
        try:
            yield "a"
            self.is_stuck.set()
            self.go_on.wait(10)
            yield "b"
            self.log.append("beyond the reader")
        finally:
            self.log.append("closed")

    @api
    def endless(self) -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            self.log = [str(number)]
            yield bytes(1024)

    @on_shutdown
    def end(self) -> None:
        self.log.append("shut down")


DECLARED = service(Speaker)


def use(instance: object, act: Callable[[Executor], Any], declared: Service = DECLARED) -> Any:
    async def go() -> Any:
        executor = Executor(declared, instance)
        try:
            return await act(executor)
        finally:
            await executor.stop()

    return asyncio.run(go())


async def collect(answer: Answer, into: list[bytes]) -> None:
    assert isinstance(answer, StreamReply)
    async for chunk in answer.chunks:
        into.append(chunk)


async def read(answer: Answer) -> bytes:
    body: list[bytes] = []
    await collect(answer, body)
    return b"".join(body)


@BOTH
def test_what_is_yielded_is_the_body_in_order(call: MakeCall, name: str) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> tuple[int, str, bytes]:
        answer = await executor.stream(name, call(name, text="one two three"))
        assert isinstance(answer, StreamReply)
        return answer.status, answer.content_type, await read(answer)

    assert use(speaker, act) == (202, "text/plain; charset=utf-8", b"onetwothree")


@BOTH
def test_the_head_is_what_was_said_before_the_first_item(call: MakeCall, name: str) -> None:
    async def act(executor: Executor) -> tuple[tuple[str, str], ...]:
        answer = await executor.stream(name, call(name, text="one two three"))
        assert isinstance(answer, StreamReply)
        await read(answer)
        return answer.headers

    assert use(Speaker(), act) == (("x-when", "before"),)


@BOTH
@pytest.mark.parametrize(
    ("fields", "status"), [({"text": 1}, 400), ({"text": "a", "raises": "first"}, 404), ({"text": "a", "x": 1}, 400)]
)
def test_what_goes_wrong_before_the_first_chunk_is_an_ordinary_reply(
    call: MakeCall, name: str, fields: dict[str, Any], status: int
) -> None:
    async def act(executor: Executor) -> Answer:
        return await executor.stream(name, call(name, **fields))

    answer = use(Speaker(), act)
    assert isinstance(answer, Reply)
    assert answer.status == status


@BOTH
@pytest.mark.parametrize("raises", ["value", "panic", "exit"])
def test_what_goes_wrong_later_breaks_the_body_off_and_is_logged(
    call: MakeCall, caplog: pytest.LogCaptureFixture, name: str, raises: str
) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> bytes:
        answer = await executor.stream(name, call(name, text="one two three", raises=raises))
        assert isinstance(answer, StreamReply)
        body: list[bytes] = []
        with pytest.raises(InternalError, match="the reply broke off"):
            await collect(answer, body)
        assert await read(answer) == b""
        return b"".join(body)

    assert use(speaker, act) == b"onetwo"
    assert f"`{name}` failed in the middle of its reply" in caplog.text
    assert "a secret" in caplog.text
    assert speaker.folder is not None
    assert not speaker.folder.exists()


@BOTH
def test_a_reader_that_leaves_closes_the_method_and_its_folder(call: MakeCall, name: str) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> bool:
        answer = await executor.stream(name, call(name, text="one two three"))
        assert isinstance(answer, StreamReply)
        await anext(answer.chunks)
        assert speaker.folder is not None
        was_there = speaker.folder.exists() or name == "words"  # a thread may be at the end already
        await answer.chunks.aclose()
        await answer.chunks.aclose()
        assert not speaker.folder.exists()
        return was_there

    assert use(speaker, act)
    assert speaker.log[0] == ("closed in ekiben" if name == "words" else "closed on the loop")


@BOTH
def test_a_stream_without_items_is_an_empty_reply(call: MakeCall, name: str) -> None:
    class Silent:
        @api
        def words(self):  # type: ignore[no-untyped-def]
            yield from ()

        @api
        async def words_later(self) -> AsyncIterator[str]:
            words: list[str] = []
            for word in words:
                yield word

    async def act(executor: Executor) -> Answer:
        return await executor.stream(name, call(name))

    answer = use(Silent(), act, service(Silent))
    assert isinstance(answer, Reply)
    assert (answer.status, answer.payload) == (200, Payload("text/plain; charset=utf-8", b""))


def test_empty_items_make_no_chunk(call: MakeCall) -> None:
    class Pauses:
        @api
        def words(self) -> Iterator[str]:
            yield from ("", "a", "", "b", "")

    async def act(executor: Executor) -> list[bytes]:
        answer = await executor.stream("words", call("words"))
        assert isinstance(answer, StreamReply)
        return [chunk async for chunk in answer.chunks]

    chunks = use(Pauses(), act, service(Pauses))
    assert b"".join(chunks) == b"ab"
    assert b"" not in chunks


def test_reading_can_be_cancelled_and_taken_up_again(call: MakeCall) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> list[bytes]:
        answer = await executor.stream("stuck", call("stuck"))
        assert isinstance(answer, StreamReply)
        chunks = [await anext(answer.chunks)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(answer.chunks), 0.05)
        speaker.go_on.set()
        return chunks + [chunk async for chunk in answer.chunks]

    assert use(speaker, act) == [b"a", b"b"]


def test_closing_returns_when_the_method_has_really_ended(call: MakeCall) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> list[str]:
        answer = await executor.stream("stuck", call("stuck"))
        assert isinstance(answer, StreamReply)
        await asyncio.to_thread(speaker.is_stuck.wait, 10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.chunks.aclose(), 0.05)
        assert speaker.log == []
        speaker.go_on.set()
        await answer.chunks.aclose()
        return list(speaker.log)

    assert use(speaker, act) == ["closed"]


def test_a_stream_that_is_given_up_before_its_first_chunk_closes_itself(call: MakeCall) -> None:
    class Slow:
        def __init__(self) -> None:
            self.go_on, self.is_closed = threading.Event(), threading.Event()

        @api
        def words(self) -> Iterator[str]:
            try:
                self.go_on.wait(10)
                yield "a"
            finally:
                self.is_closed.set()

    slow = Slow()

    async def act(executor: Executor) -> bool:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(executor.stream("words", call("words")), 0.05)
        slow.go_on.set()
        return await asyncio.to_thread(slow.is_closed.wait, 10)

    assert use(slow, act, service(Slow))


def test_a_coroutine_that_is_given_up_before_its_first_item_leaves_no_folder(call: MakeCall) -> None:
    class Slow:
        def __init__(self) -> None:
            self.folder = Path()

        @api
        async def words(self, ctx: Context) -> AsyncIterator[str]:
            self.folder = ctx.temp_dir
            await asyncio.sleep(60)
            yield "a"

    slow = Slow()

    async def act(executor: Executor) -> bool:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(executor.stream("words", call("words")), 0.05)
        return slow.folder.exists()

    assert not use(slow, act, service(Slow))
    assert slow.folder.name.startswith("ekiben-call-")


def test_a_method_is_not_far_ahead_of_a_slow_reader(call: MakeCall) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> int:
        answer = await executor.stream("endless", call("endless"))
        assert isinstance(answer, StreamReply)
        await asyncio.sleep(0.1)
        made = int(speaker.log[0])
        await answer.chunks.aclose()
        return made

    assert use(speaker, act) <= AHEAD_BYTES // 1024 + 1


def test_streams_end_before_the_shutdown_hooks_run(call: MakeCall) -> None:
    speaker = Speaker()

    async def act(executor: Executor) -> None:
        answer = await executor.stream("words", call("words", text="one " * 100_000))
        assert isinstance(answer, StreamReply)
        await anext(answer.chunks)

    use(speaker, act)
    assert speaker.log == ["closed in ekiben", "shut down"]


@pytest.mark.parametrize("name", ["size", "size_later"])
def test_a_large_body_is_read_for_either_kind(call: MakeCall, name: str) -> None:
    class Sizes:
        @api
        def size(self, text: str) -> Iterator[int]:
            yield len(text)

        @api
        async def size_later(self, text: str) -> AsyncIterator[int]:
            yield len(text)

    async def act(executor: Executor) -> bytes:
        return await read(await executor.stream(name, call(name, text="x" * (INLINE_BYTES + 1))))

    assert use(Sizes(), act, service(Sizes)) == f"{INLINE_BYTES + 1}\n".encode()


def test_an_iterator_that_a_method_hands_on_is_read(call: MakeCall) -> None:
    class Hands:
        @api
        def listed(self) -> Iterator[int]:
            return iter([1, 2])

        @api
        async def awaited(self) -> AsyncIterator[int]:
            async def inner() -> AsyncIterator[int]:
                yield 3

            return inner()

        @api
        def no_iterator(self) -> Iterator[int]:
            return next(iter([]))

    async def act(executor: Executor) -> tuple[bytes, bytes, Answer]:
        listed = await read(await executor.stream("listed", call("listed")))
        awaited = await read(await executor.stream("awaited", call("awaited")))
        return listed, awaited, await executor.stream("no_iterator", call("no_iterator"))

    listed, awaited, failed = use(Hands(), act, service(Hands))
    assert (listed, awaited) == (b"1\n2\n", b"3\n")
    assert isinstance(failed, Reply)
    assert failed.status == 500


def test_an_unknown_api_is_a_404(call: MakeCall) -> None:
    async def act(executor: Executor) -> Answer:
        return await executor.stream("nowhere", call("nowhere"))

    answer = use(Speaker(), act)
    assert isinstance(answer, Reply)
    assert answer.status == 404


@settings(max_examples=30, deadline=None)
@given(
    items=st.lists(st.tuples(st.text(max_size=3), st.sampled_from([0.0, 0.0, 0.0, 0.0015])), max_size=30),
    pause_every=st.integers(1, 5),
)
def test_no_item_is_lost_or_moved_whatever_the_pace(items: list[tuple[str, float]], pause_every: int) -> None:
    class Paced:
        @api
        def words(self) -> Iterator[str]:
            for text, pause_s in items:
                time.sleep(pause_s)
                yield text

    async def act(executor: Executor) -> bytes:
        answer = await executor.stream("words", Call("words", PAYLOAD, "1"))
        if isinstance(answer, Reply):
            return bytes(answer.payload.body)
        body = b""
        async for chunk in answer.chunks:
            body += chunk
            if len(body) % pause_every == 0:
                await asyncio.sleep(0.001)
        return body

    expected = "".join(text for text, _ in items).encode()
    assert use(Paced(), act, service(Paced)) == expected
