"""examples/streaming: words come through two services one by one, and a client that leaves ends both streams."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.machine import Machine
from tests.serving.server_process import eventually

BEGINNING = "Once upon a time there was a train . It "


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Asks the example, served from its folder."""
    folder = tmp_path_factory.mktemp("streaming")
    machine = Machine(Path(sys.executable).parent, folder / "home", folder)
    machine.copy_example("streaming")
    with machine.serve("streaming", cwd=folder) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def test_the_words_come_one_by_one(client: httpx.Client) -> None:
    with client.stream("POST", "/tell", json={"count": 10}) as answer:
        pieces = list(answer.iter_bytes())
    assert b"".join(pieces).decode() == BEGINNING
    assert len(pieces) > 5


def test_events_are_numbered(client: httpx.Client) -> None:
    told = client.post("/events", json={"count": 2}).text
    assert told == "id: 0\ndata: once\n\nid: 1\ndata: upon\n\nevent: end\ndata: \n\n"


def test_a_sync_method_tells_the_same(client: httpx.Client) -> None:
    assert client.post("/shout", json={"count": 10}).text == BEGINNING.upper()


def test_a_client_that_leaves_ends_the_streams_of_both_services(client: httpx.Client) -> None:
    for route in ("/tell", "/shout"):
        with client.stream("POST", route, json={"count": 100_000}) as answer:
            assert next(answer.iter_bytes())
        eventually(lambda: under_way(client) == 0)


def under_way(client: httpx.Client) -> float:
    """Requests and calls of both services that have not ended."""
    lines = [one for one in client.get("/metrics").text.splitlines() if one.startswith("ekiben_request_in_progress{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)
