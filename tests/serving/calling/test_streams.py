"""The chunks of a streamed answer as items."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BadInput
from ekiben.serving.calling.streams import AsyncItems, item_reader
from ekiben.serving.wire import JSON, Answer, Payload, Reply, StreamReply


class Chunks(AsyncIterator[bytes]):
    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)
        self.is_closed = False

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.is_closed = True


def items_of(answer: Answer) -> AsyncItems:
    async def ask() -> Answer:
        return answer

    def check(reply: Reply) -> object:
        raise BadInput(str(reply.status))

    return AsyncItems(ask, check)


async def all_of(items: AsyncItems) -> list[Any]:
    return [item async for item in items]


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    ends = [0, *sorted(place % (len(whole) + 1) for place in places), len(whole)]
    return [whole[start:end] for start, end in itertools.pairwise(ends)]


@given(st.text(), st.lists(st.integers(0, 1000), max_size=5))
def test_text_is_whole_wherever_it_is_cut(text: str, places: list[int]) -> None:
    reader = item_reader("text/plain; charset=utf-8")
    found = [item for piece in cut(text.encode(), places) for item in reader.read(piece)]
    assert "".join(map(str, [*found, *reader.rest()])) == text


@given(st.lists(st.dictionaries(st.text(), st.integers(-5, 5), max_size=2)), st.lists(st.integers(0, 1000), max_size=5))
def test_lines_are_values_wherever_they_are_cut(values: list[dict[str, int]], places: list[int]) -> None:
    whole = b"".join(msgspec.json.encode(value) + b"\n" for value in values)
    reader = item_reader("application/x-ndjson")
    assert [item for piece in cut(whole, places) for item in reader.read(piece)] == values


def test_bytes_stay_bytes() -> None:
    answer = StreamReply(200, "application/octet-stream", Chunks([b"a", b"b"]))
    assert asyncio.run(all_of(items_of(answer))) == [b"a", b"b"]


def test_an_empty_stream_that_came_as_a_reply_has_no_items() -> None:
    assert asyncio.run(all_of(items_of(Reply(200, Payload("text/plain", b""))))) == []


def test_an_error_is_raised_with_the_first_item() -> None:
    with pytest.raises(BadInput, match="400"):
        asyncio.run(all_of(items_of(Reply(400, Payload(JSON, b"{}")))))


def test_closing_closes_the_chunks() -> None:
    async def first_of() -> tuple[object, bool]:
        chunks = Chunks([b"a", b"b"])
        items = items_of(StreamReply(200, "text/plain", chunks))
        first = await anext(items)
        await items.aclose()
        assert await all_of(items) == []
        return first, chunks.is_closed

    assert asyncio.run(first_of()) == ("a", True)


def test_a_stream_that_nobody_holds_any_more_is_closed() -> None:
    async def drop() -> bool:
        chunks = Chunks([b"a", b"b"])

        async def relay() -> AsyncIterator[object]:
            async for item in items_of(StreamReply(200, "text/plain", chunks)):
                yield item

        relayed = aiter(relay())
        await anext(relayed)
        await relayed.aclose()  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)
        return chunks.is_closed

    assert asyncio.run(drop())
