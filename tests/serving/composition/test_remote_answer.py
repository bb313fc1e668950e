"""Bytes of HTTP become one answer, however they are cut."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.composition.remote_answer import AnswerReader, NotHttp
from ekiben.serving.wire import Reply, StreamReply

LONG = bytes(range(256)) * 8


class Tap:
    """Says what was asked of it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause(self) -> None:
        self.calls.append("pause")

    def resume(self) -> None:
        self.calls.append("resume")

    def cut(self) -> None:
        self.calls.append("cut")


def head(*fields: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()


def read(reader: AnswerReader, data: bytes, cuts: list[int]) -> None:
    """Feeds the data in pieces, as a connection would: straight into the body, where there is one."""
    at = 0
    for cut in [*sorted(cuts), len(data)]:
        while at < cut:
            if reader.rest is None:
                reader.feed(memoryview(data[at:cut]))
                at = cut
            else:
                count = min(len(reader.rest), cut - at)
                reader.rest[:count] = data[at : at + count]
                reader.advance(count)
                at += count


cut_points = st.lists(st.integers(1, len(LONG) + 100), max_size=8)


@given(cut_points)
def test_a_body_of_known_length_is_the_same_however_it_comes(cuts: list[int]) -> None:
    reader = AnswerReader(Tap())
    data = head("Content-Type: a/b", f"Content-Length: {len(LONG)}", "X-More: yes", "Connection: keep-alive") + LONG
    read(reader, data, [cut for cut in cuts if cut < len(data)])
    answer = reader.answer
    assert isinstance(answer, Reply)
    assert (answer.status, answer.payload.content_type, bytes(answer.payload.body)) == (200, "a/b", LONG)
    assert answer.headers == (("x-more", "yes"),)
    assert reader.is_complete
    assert reader.keeps_alive


@given(cut_points)
def test_a_stream_is_there_with_its_head_and_gives_all_pieces(cuts: list[int]) -> None:
    reader = AnswerReader(Tap())
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (LONG[:10], LONG[10:])) + b"0\r\n\r\n"
    top = head("Content-Type: text/plain", "Transfer-Encoding: chunked")
    read(reader, top, [])
    answer = reader.answer
    assert isinstance(answer, StreamReply)
    read(reader, body, [cut for cut in cuts if cut < len(body)])

    async def gather() -> bytes:
        return b"".join([piece async for piece in answer.chunks])

    assert asyncio.run(gather()) == LONG
    assert reader.is_complete


def test_memory_of_a_body_may_be_written_to() -> None:
    reader = AnswerReader(Tap())
    read(reader, head("Content-Length: 4") + b"abcd", [])
    assert isinstance(reader.answer, Reply)
    assert isinstance(reader.answer.payload.body, memoryview)
    assert not reader.answer.payload.body.readonly


def test_an_error_in_pieces_is_a_reply() -> None:
    reader = AnswerReader(Tap())
    read(reader, head("Transfer-Encoding: chunked", status="503 Busy") + b"2\r\nno\r\n0\r\n\r\n", [])
    assert isinstance(reader.answer, Reply)
    assert (reader.answer.status, reader.answer.payload.body) == (503, b"no")


def test_what_precedes_the_answer_is_passed_over() -> None:
    reader = AnswerReader(Tap())
    read(reader, head("X: early", status="100 Continue") + head("Content-Length: 2") + b"ok", [])
    assert isinstance(reader.answer, Reply)
    assert (reader.answer.status, bytes(reader.answer.payload.body), reader.answer.headers) == (200, b"ok", ())


def test_a_body_without_length_ends_with_the_connection() -> None:
    reader = AnswerReader(Tap())
    read(reader, head("Connection: close") + b"all of it", [])
    assert not reader.is_complete
    reader.end(None)
    assert isinstance(reader.answer, Reply)
    assert reader.answer.payload.body == b"all of it"
    assert not reader.keeps_alive


def test_what_is_no_http_is_said_to_be_none() -> None:
    with pytest.raises(NotHttp):
        AnswerReader(Tap()).feed(memoryview(b"SSH-2.0-OpenSSH\r\n"))


def test_a_stream_that_is_not_read_lets_its_sender_wait_until_it_is() -> None:
    tap = Tap()
    reader = AnswerReader(tap)
    piece = bytes(300_000)
    read(reader, head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n" % (len(piece), piece), [])
    assert tap.calls == ["pause"]
    answer = reader.answer
    assert isinstance(answer, StreamReply)

    async def take() -> bytes:
        return await answer.chunks.__anext__()

    assert asyncio.run(take()) == piece
    assert tap.calls == ["pause", "resume"]


def test_a_stream_that_is_closed_early_cuts_its_source() -> None:
    tap = Tap()
    reader = AnswerReader(tap)
    read(reader, head("Transfer-Encoding: chunked"), [])
    assert isinstance(reader.answer, StreamReply)

    async def close(answer: StreamReply) -> None:
        await answer.chunks.aclose()
        assert [piece async for piece in answer.chunks] == []

    asyncio.run(close(reader.answer))
    assert tap.calls == ["cut"]
