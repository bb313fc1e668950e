"""Streams, examples and health hooks through a real server, in its own process and in worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.serving.server_process import ServerProcess, run_to_end, serving, write_service

SERVICE = """
import asyncio, time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
import ekiben
from ekiben.io import SSE

@ekiben.service(name="Speaker", traffic={"timeout": 2})
class Speaker:
    @ekiben.api
    def words(self, text: str, pause_s: float = 0.0, note: str = "", breaks: bool = False) -> Iterator[str]:
        try:
            for word in text.split():
                yield word
                time.sleep(pause_s)
            if breaks:
                raise RuntimeError("a secret of the service")
        finally:
            if note:
                Path(note).write_text("closed")

    @ekiben.api
    async def words_later(self, text: str, pause_s: float = 0.0, note: str = "", breaks: bool = False) -> (
        AsyncIterator[str]
    ):
        try:
            for word in text.split():
                yield word
                await asyncio.sleep(pause_s)
            if breaks:
                raise RuntimeError("a secret of the service")
        finally:
            if note:
                Path(note).write_text("closed")

    @ekiben.api
    def slow_start(self, pause_s: float) -> Iterator[str]:
        time.sleep(pause_s)
        yield "a"

    @ekiben.api
    async def events(self, count: int) -> AsyncIterator[SSE]:
        for number in range(count):
            yield SSE(str(number), event="number")

    @ekiben.api
    def rows(self, count: int) -> Iterator[dict[str, int]]:
        for number in range(count):
            yield {"number": number}
"""
BOTH = pytest.mark.parametrize("route", ["/words", "/words_later"])


@pytest.fixture(scope="module", params=["1", "2"], ids=["in the server", "in processes"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    project = write_service(tmp_path_factory.mktemp("streams"), SERVICE)
    with serving(project, "--workers", request.param) as running:
        yield running


@contextmanager
def stream(server: ServerProcess, route: str, **fields: object) -> Iterator[httpx.Response]:
    with server.client.stream("POST", route, json=fields) as answer:
        yield answer


def until(is_so: Callable[[], bool]) -> bool:
    """Whether it came to be so, soon enough for a loaded machine."""
    end_s = time.monotonic() + 20
    while not is_so() and time.monotonic() < end_s:
        time.sleep(0.02)
    return is_so()


@BOTH
def test_items_come_when_they_are_yielded(server: ServerProcess, route: str) -> None:
    with stream(server, route, text="one two three", pause_s=0.3) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        begun_s = time.monotonic()
        pieces = [(time.monotonic() - begun_s, piece) for piece in answer.iter_bytes()]
    assert [piece for _, piece in pieces] == [b"one", b"two", b"three"]
    assert pieces[0][0] < pieces[1][0] < pieces[2][0]


def test_a_long_stream_arrives_whole(server: ServerProcess) -> None:
    body = server.post("/rows", count=20_000).text
    assert body.splitlines() == [f'{{"number":{number}}}' for number in range(20_000)]
    assert server.post("/events", count=2).text == "event: number\ndata: 0\n\nevent: number\ndata: 1\n\n"


@BOTH
def test_a_client_that_leaves_closes_the_method_and_frees_its_slot(
    server: ServerProcess, route: str, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    with stream(server, route, text="one " * 1000, pause_s=0.05, note=str(note)) as answer:
        assert next(answer.iter_bytes()) == b"one"
    assert until(note.exists)
    assert server.post(route, text="a b").text == "ab"


@BOTH
def test_a_failure_in_the_middle_breaks_the_body_off(server: ServerProcess, route: str) -> None:
    with (
        pytest.raises(httpx.RemoteProtocolError, match="incomplete"),
        stream(server, route, text="one", pause_s=0.2, breaks=True) as answer,
    ):
        answer.read()
    assert "failed in the middle of its reply" in server.output()
    assert server.post(route, text="a b").text == "ab"


@BOTH
def test_an_item_that_does_not_come_in_time_breaks_the_body_off(
    server: ServerProcess, route: str, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    with (
        pytest.raises(httpx.RemoteProtocolError, match="incomplete"),
        stream(server, route, text="one two", pause_s=3, note=str(note)) as answer,
    ):
        answer.read()
    assert until(note.exists)


def test_a_first_item_that_does_not_come_in_time_is_504(server: ServerProcess) -> None:
    assert server.post("/slow_start", pause_s=3).status_code == 504


@BOTH
def test_what_is_wrong_with_the_body_is_told_before_anything_streams(server: ServerProcess, route: str) -> None:
    answer = server.post(route, txt="a")
    assert (answer.status_code, answer.json()["detail"]) == (400, "did you mean `text`?")


EXAMPLE = """
import ekiben

@ekiben.service
class Shown:
    @ekiben.api(batchable=True, example={"x": [1]})
    def inverse(self, x: list[float]) -> list[float]:
        print("answered", len(x), flush=True)
        return [1 / (one - 1) for one in x]
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_example_that_fails_ends_the_start_in_words(tmp_path: Path, workers: str) -> None:
    write_service(tmp_path, EXAMPLE)
    done = run_to_end(tmp_path, "service", "--root", str(tmp_path), "-p", "0", "--workers", workers)
    assert done.returncode == 1
    assert "the example of the API `inverse` is answered 500" in done.stderr
    assert "ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_starts_without_its_examples_where_it_is_told_to(tmp_path: Path, workers: str) -> None:
    project = write_service(tmp_path, EXAMPLE)
    with serving(project, "--workers", workers, environ={"EKIBEN_WARM_UP": "false"}) as server:
        assert server.post("/inverse", x=[3]).json() == [0.5]


def test_a_worker_that_is_ready_has_answered_its_examples(tmp_path: Path) -> None:
    project = write_service(tmp_path, EXAMPLE.replace("[1]}", "[3]}"))
    with serving(project) as server:
        assert server.output().index("answered 100") < server.output().index("serving `Shown`")
