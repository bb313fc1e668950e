"""Bodies: the bytes as sent, however they come, never more than the limit, and none ahead of who asks for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BadInput, PayloadTooLarge
from ekiben.serving.http.body import AHEAD_BYTES, MAX_UNREAD_BYTES, IncomingBody, read_body


class Client:
    """Sends a body in pieces; counts how many were asked for."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [*(piece for piece in pieces if piece), b""]
        self.asked = 0

    async def next(self) -> bytes:
        self.asked += 1
        return self._pieces[self.asked - 1]


class Flow:
    """A connection that notes what its body asks of it."""

    def __init__(self) -> None:
        self.is_reading = True
        self.is_cut = False

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def cut(self) -> None:
        self.is_cut = True


@given(st.lists(st.binary(max_size=20), max_size=8), st.integers(0, 100))
def test_a_body_comes_whole_or_is_refused_by_its_size(pieces: list[bytes], limit: int) -> None:
    body = b"".join(pieces)
    reading = read_body(Client(pieces), None, limit)
    if len(body) <= limit:
        assert asyncio.run(reading) == body
    else:
        with pytest.raises(PayloadTooLarge):
            asyncio.run(reading)


@pytest.mark.parametrize("declared", [b"100", b"9" * 5000])
def test_a_declared_size_over_the_limit_is_refused_before_a_byte_is_read(declared: bytes) -> None:
    client = Client([b"x" * 100])
    with pytest.raises(PayloadTooLarge):
        asyncio.run(read_body(client, declared, 99))
    assert client.asked == 0


def test_reading_stops_once_the_limit_is_passed() -> None:
    client = Client([b"x" * 10] * 50)
    with pytest.raises(PayloadTooLarge):
        asyncio.run(read_body(client, None, 25))
    assert client.asked == 3


@given(st.lists(st.binary(min_size=1, max_size=20), max_size=8), st.data())
def test_an_incoming_body_is_what_was_added_whenever_it_is_read(pieces: list[bytes], data: st.DataObject) -> None:
    early = data.draw(st.integers(0, len(pieces)))

    async def run() -> bytes:
        body = IncomingBody(Flow())
        for piece in pieces[:early]:
            body.add(piece)
        reading = asyncio.create_task(read_body(body, None, 1000))
        for piece in pieces[early:]:
            await asyncio.sleep(0)
            body.add(piece)
        body.end()
        return await reading

    assert asyncio.run(run()) == b"".join(pieces)


def test_a_reader_that_waits_gets_the_reason_why_there_is_no_more() -> None:
    async def run() -> None:
        body = IncomingBody(Flow())
        body.add(b"x")
        reading = asyncio.create_task(read_body(body, None, 1000))
        await asyncio.sleep(0)
        body.fail(BadInput("the end"))
        with pytest.raises(BadInput, match="the end"):
            await reading

    asyncio.run(run())


def test_what_nobody_asks_for_is_left_in_the_network_until_somebody_does() -> None:
    async def run() -> None:
        flow = Flow()
        body = IncomingBody(flow)
        body.add(b"x" * AHEAD_BYTES)
        states = [flow.is_reading]
        body.add(b"x")
        states.append(flow.is_reading)
        assert len(await body.next()) == AHEAD_BYTES + 1
        asking = asyncio.create_task(body.next())
        await asyncio.sleep(0)
        states.append(flow.is_reading)
        assert states == [True, False, True]
        body.end()
        assert await asking == b""

    asyncio.run(run())


def test_the_rest_of_an_answered_request_is_thrown_away_up_to_a_bound() -> None:
    flow = Flow()
    body = IncomingBody(flow)
    body.drop()
    for _ in range(MAX_UNREAD_BYTES // 1024):
        body.add(b"x" * 1024)
    assert (flow.is_reading, flow.is_cut) == (True, False)
    body.add(b"x")
    assert flow.is_cut
