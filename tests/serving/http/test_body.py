"""read_body: the bytes as sent, however they come, and never more than the limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BadInput, PayloadTooLarge
from ekiben.serving.http.body import read_body


class Client:
    """Sends a body in pieces; counts how many were asked for."""

    def __init__(self, pieces: Sequence[bytes], *, leaves: bool = False) -> None:
        self._messages: list[dict[str, object]] = [
            {"type": "http.request", "body": piece, "more_body": leaves or number < len(pieces) - 1}
            for number, piece in enumerate(pieces)
        ]
        if leaves:
            self._messages.append({"type": "http.disconnect"})
        self.asked = 0

    async def receive(self) -> dict[str, object]:
        self.asked += 1
        return self._messages[self.asked - 1]


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=8), st.integers(0, 100))
def test_a_body_comes_whole_or_is_refused_by_its_size(pieces: list[bytes], limit: int) -> None:
    body = b"".join(pieces)
    reading = read_body(Client(pieces).receive, None, limit)
    if len(body) <= limit:
        assert asyncio.run(reading) == body
    else:
        with pytest.raises(PayloadTooLarge):
            asyncio.run(reading)


def test_a_declared_size_over_the_limit_is_refused_before_a_byte_is_read() -> None:
    client = Client([b"x" * 100])
    with pytest.raises(PayloadTooLarge):
        asyncio.run(read_body(client.receive, b"100", 99))
    assert client.asked == 0


def test_reading_stops_once_the_limit_is_passed() -> None:
    client = Client([b"x" * 10] * 50)
    with pytest.raises(PayloadTooLarge):
        asyncio.run(read_body(client.receive, None, 25))
    assert client.asked == 3


def test_a_client_that_stops_in_the_middle_is_bad_input() -> None:
    with pytest.raises(BadInput, match="ended early"):
        asyncio.run(read_body(Client([b"x"], leaves=True).receive, b"10", 100))
