"""The head of a reply as bytes, and what HTTP cannot carry."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import ServiceError
from ekiben.serving.http.h1.framing import LAST, OLD_PERSISTENT, PERSISTENT
from ekiben.serving.http.h1.heads import head_bytes
from ekiben.serving.http.h1.state import date_line
from ekiben.serving.wire import JSON, Payload, Reply, StreamReply

DATE = date_line(784111777)  # the example of RFC 9110, section 5.6.7


async def no_chunks() -> AsyncGenerator[bytes, None]:
    """A stream of nothing."""
    for chunk in list[bytes]():
        yield chunk


def test_a_head_has_everything_in_order() -> None:
    reply = Reply(201, Payload(JSON, b"[1]"), (("set-cookie", "a=1"), ("set-cookie", "b=2")))
    assert head_bytes(reply, "id-1", DATE, LAST).decode().split("\r\n") == [
        "HTTP/1.1 201 Created",
        "content-type: application/json",
        "date: Sun, 06 Nov 1994 08:49:37 GMT",
        "x-request-id: id-1",
        "content-length: 3",
        "connection: close",
        "set-cookie: a=1",
        "set-cookie: b=2",
        "",
        "",
    ]


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_without_content_says_nothing_of_content(status: int) -> None:
    assert b"content" not in head_bytes(Reply(status, Payload(JSON, b"ignored")), "i", DATE, PERSISTENT)


def test_a_reply_of_no_media_type_says_none() -> None:
    assert b"content-type" not in head_bytes(Reply(200, Payload("", b"x")), "i", DATE, PERSISTENT)


def test_a_status_of_the_services_own_has_no_phrase() -> None:
    assert head_bytes(Reply(299, Payload(JSON, b"")), "i", DATE, PERSISTENT).startswith(b"HTTP/1.1 299 \r\n")


def test_a_stream_is_chunked_where_the_client_takes_chunks_and_no_length_is_said() -> None:
    bare = StreamReply(200, "text/plain", no_chunks())
    sized = StreamReply(200, "text/plain", no_chunks(), (("content-length", "3"),))
    assert b"transfer-encoding: chunked\r\n" in head_bytes(bare, "i", DATE, PERSISTENT)
    assert b"chunked" not in head_bytes(bare, "i", DATE, OLD_PERSISTENT)
    assert b"chunked" not in head_bytes(sized, "i", DATE, PERSISTENT)


@pytest.mark.parametrize("status", [-1, 99, 101, 600, 1000])
def test_what_is_no_status_is_refused_each_time(status: int) -> None:
    for _ in range(2):
        with pytest.raises(ServiceError, match="no status"):
            head_bytes(Reply(status, Payload(JSON, b"")), "i", DATE, PERSISTENT)


@given(st.text(max_size=20), st.booleans())
def test_no_value_makes_a_line_of_its_own(value: str, is_type: bool) -> None:
    payload = Payload(value if is_type else JSON, b"")
    reply = Reply(200, payload, () if is_type else (("x-name", value),))
    try:
        head = head_bytes(reply, "i", DATE, PERSISTENT)
    except ServiceError:
        assert not value.isascii() or not value.isprintable()
    else:
        assert head.count(b"\r\n") == len(head.splitlines()) == 6 + (not is_type) - (is_type and not value)
