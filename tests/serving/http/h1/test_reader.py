"""RequestReader: the same requests however their bytes are cut, and nothing that could be read in two ways."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.http.body import IncomingBody
from ekiben.serving.http.h1.framing import LAST, OLD_LAST, OLD_PERSISTENT, PERSISTENT, Framing
from ekiben.serving.http.h1.limits import MAX_HEAD_BYTES
from ekiben.serving.http.h1.reader import Refusal, RequestReader, Stage
from ekiben.serving.http.request import Address, Request

START = b"POST /a HTTP/1.1\r\nhost: x\r\n"
CHUNKED = START + b"transfer-encoding: chunked\r\n\r\n"


@dataclass(slots=True)
class Requests:
    """A receiver that keeps what it is given."""

    begun: list[tuple[Request, Framing]] = field(default_factory=list)
    asked: int = 0
    is_busy: bool = False
    serves_sockets: bool = False
    offered: list[tuple[Request, bytes]] = field(default_factory=list)

    @property
    def is_behind(self) -> bool:
        return self.is_busy and len(self.begun) > 1

    def begin(self, request: Request, framing: Framing) -> None:
        self.begun.append((request, framing))

    def ask_for_body(self) -> None:
        self.asked += 1

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def cut(self) -> None: ...

    def peer(self) -> Address | None:
        return None

    def local(self) -> Address | None:
        return None

    def is_secure(self) -> bool:
        return False

    def take_over(self, request: Request, rest: bytes) -> bool:
        self.offered.append((request, rest))
        return self.serves_sockets


def read(*pieces: bytes) -> list[tuple[Request, Framing]]:
    """What a reader makes of the pieces."""
    receiver = Requests()
    reader = RequestReader(receiver)
    for piece in pieces:
        reader.take(piece)
    return receiver.begun


def only(*pieces: bytes) -> Request:
    """The one request that a reader makes of the pieces."""
    ((request, _),) = read(*pieces)
    return request


def body_of(request: Request) -> bytes:
    """Its whole body."""
    return asyncio.run(request.read(10**9))


MESSAGES = {
    "bare": (b"GET /a?b=c HTTP/1.1\r\nhost: x\r\n\r\n", "GET", "/a", "b=c", b""),
    "body": (START + b"content-length: 5\r\n\r\nhello", "POST", "/a", "", b"hello"),
    "chunked": (CHUNKED + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nsome: trailer\r\n\r\n", "POST", "/a", "", b"hello"),
    "upgrade": (
        START + b"connection: upgrade, http2-settings\r\nupgrade: h2c\r\ncontent-length: 5\r\n\r\nhello",
        *("POST", "/a", "", b"hello"),
    ),
    "chunked upgrade": (
        START + b"connection: upgrade\r\nupgrade: h2c\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        *("POST", "/a", "", b"hello"),
    ),
    "bare upgrade": (
        b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
        *("GET", "/a", "", b""),
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_a_request_is_read_the_same_byte_by_byte(name: str) -> None:
    sent, method, path, query, body = MESSAGES[name]
    for request in (only(sent), only(*(bytes([one]) for one in sent))):
        assert (request.method, request.path, request.query) == (method, path, query)
        assert body_of(request) == body
        assert b"some" not in dict(request.raw_headers)


@given(st.lists(st.sampled_from(sorted(MESSAGES)), min_size=1, max_size=6), st.data())
def test_requests_are_the_same_however_their_bytes_are_cut(names: list[str], data: st.DataObject) -> None:
    sent = b"".join(MESSAGES[name][0] for name in names)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    pieces = [sent[start:end] for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True)]
    begun = read(*pieces)
    assert [(one.method, body_of(one), framing) for one, framing in begun] == [
        (MESSAGES[name][1], MESSAGES[name][4], PERSISTENT) for name in names
    ]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"content-length: 3\r\ntransfer-encoding: chunked\r\n", 400),
        (b"transfer-encoding: chunked\r\ncontent-length: 3\r\n", 400),
        (b"content-length: 3\r\ncontent-length: 3\r\n", 400),
        (b"content-length: 3\r\ncontent-length: 4\r\n", 400),
        (b"content-length: 3, 3\r\n", 400),
        (b"content-length: +3\r\n", 400),
        (b"content-length: -3\r\n", 400),
        (b"content-length: 0x3\r\n", 400),
        (b"content-length: 99999999999999999999\r\n", 400),
        (b"content-length:\r\n", 400),
        (b"transfer-encoding: xchunked\r\n", 501),
        (b"transfer-encoding: identity\r\n", 501),
        (b"transfer-encoding: gzip, chunked\r\n", 501),
        (b"transfer-encoding: chunked, identity\r\n", 400),
        (b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n", 400),
        (b"transfer-encoding: \x0bchunked\r\n", 400),
        (b"transfer-encoding : chunked\r\n", 400),
        (b"a: b\n", 400),
        (b"a: b\rc: d\r\n", 400),
        (b"a: b\r\n c\r\n", 400),
        (b"a: b\0c\r\n", 400),
        (b"a\0b: c\r\n", 400),
        (b"host: y\r\n", 400),
        (b"content-type: a/b\r\ncontent-type: c/d\r\n", 400),
    ],
)
def test_a_head_that_could_be_read_in_two_ways_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        read(START + head + b"\r\n0\r\n\r\n")
    assert caught.value.reply.status == status


@pytest.mark.parametrize(
    "body",
    [
        b"2\nab\r\n0\r\n\r\n",
        b"2\r\nabc\r\n0\r\n\r\n",
        b"0x2\r\nab\r\n",
        b"-2\r\nab\r\n",
        b"2 \r\nab\r\n",
        b"f" * 17 + b"\r\n",
    ],
)
def test_chunks_that_could_be_read_in_two_ways_are_refused(body: bytes) -> None:
    with pytest.raises(Refusal):
        read(CHUNKED, body)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET / HTTP/2.0", 505),
        (b"GET /", 505),
        (b"GET / HTTP/0.9", 505),
        (b"GET / HTTP/1.2", 400),
        (b"get / HTTP/1.1", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM", 400),
        (b"CONNECT a:1 HTTP/1.1", 501),
        (b"CONNECT /a HTTP/1.1", 501),
        (b"GET /\xc3\xa9 HTTP/1.1", 400),
        (b"GET /\0 HTTP/1.1", 400),
        (b"GET http://[ HTTP/1.1", 400),
        (b"\x16\x03\x01\x02", 400),
    ],
)
def test_a_request_line_that_is_not_served_is_refused(line: bytes, status: int) -> None:
    with pytest.raises(Refusal) as caught:
        read(line + b"\r\nhost: x\r\n\r\n")
    assert caught.value.reply.status == status


@pytest.mark.parametrize("fields", [b"", b"connection: close\r\n", b"connection: upgrade\r\nupgrade: h2c\r\n"])
def test_a_request_names_its_host_since_http_1_1(fields: bytes) -> None:
    with pytest.raises(Refusal, match="names no host"):
        read(b"GET / HTTP/1.1\r\n" + fields + b"\r\n")
    assert only(b"GET / HTTP/1.0\r\n\r\n").path == "/"
    assert only(b"GET / HTTP/1.1\r\nhost:\r\n" + fields + b"\r\n").path == "/"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a%20b", "/a b", ""),
        (b"/%E2%82%AC?q=%E2", "/\N{EURO SIGN}", "q=%E2"),
        (b"/a%00b", "/a\0b", ""),
        (b"/a%2Fb", "/a/b", ""),
        (b"/%ff", "/\N{REPLACEMENT CHARACTER}", ""),
        (b"//a", "//a", ""),
        (b"/a?b?c", "/a", "b?c"),
        (b"http://host:1/a?b", "/a", "b"),
        (b"http://host", "/", ""),
        (b"*", "*", ""),
    ],
)
def test_a_target_is_split_and_its_path_decoded(target: bytes, path: str, query: str) -> None:
    request = only(b"OPTIONS " + target + b" HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (request.path, request.query, request.target) == (path, query, target)


@pytest.mark.parametrize(
    ("head", "framing"),
    [
        (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", PERSISTENT),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n", PERSISTENT),
        (b"GET / HTTP/1.1\r\nhost: x\r\nconnection: Close\r\n\r\n", LAST),
        (b"GET / HTTP/1.0\r\n\r\n", OLD_LAST),
        (b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n", OLD_PERSISTENT),
    ],
)
def test_a_request_says_whether_the_connection_goes_on(head: bytes, framing: Framing) -> None:
    assert [one for _, one in read(head)] == [framing]


def test_a_head_over_the_limit_is_refused_in_one_piece_or_many() -> None:
    head = b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a: b\r\n" * (MAX_HEAD_BYTES // 6 + 1) + b"\r\n"
    for pieces in ((head,), [head[at : at + 1000] for at in range(0, len(head), 1000)]):
        with pytest.raises(Refusal) as caught:
            read(*pieces)
        assert caught.value.reply.status == 431


def test_empty_lines_before_a_request_have_an_end() -> None:
    with pytest.raises(Refusal):
        read(*[b"\r\n" * 1000] * (MAX_HEAD_BYTES // 1000))


def test_a_body_that_is_held_back_is_asked_for_when_it_is_read() -> None:
    receiver = Requests()
    reader = RequestReader(receiver)
    reader.take(START + b"expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    body = receiver.begun[0][0].body
    assert isinstance(body, IncomingBody)
    assert (body.is_unasked, receiver.asked) == (True, 0)

    async def read_it() -> bytes:
        reading = asyncio.create_task(receiver.begun[0][0].read(10))
        await asyncio.sleep(0)
        assert receiver.asked == 1
        reader.take(b"ab")
        return await reading

    assert asyncio.run(read_it()) == b"ab"


@pytest.mark.parametrize(
    ("sent", "stage"),
    [
        (b"", Stage.BETWEEN),
        (b"GE", Stage.HEAD),
        (b"GET / HTTP/1.1\r\nhost: x\r\na: b", Stage.HEAD),
        (START + b"content-length: 2\r\n\r\n", Stage.BODY),
        (START + b"content-length: 2\r\n\r\na", Stage.BODY),
        (START + b"content-length: 2\r\n\r\nab", Stage.BETWEEN),
        (CHUNKED + b"2\r\nab\r\n0\r\n", Stage.BODY),
    ],
)
def test_it_tells_how_far_it_is(sent: bytes, stage: Stage) -> None:
    reader = RequestReader(Requests())
    reader.take(sent)
    assert reader.stage is stage


def test_thousands_of_upgrades_in_one_piece_are_read_like_other_requests() -> None:
    assert len(read(MESSAGES["bare upgrade"][0] * 3000)) == 3000


def test_what_is_behind_requests_that_wait_is_not_parsed_before_they_are_begun() -> None:
    receiver = Requests(is_busy=True)
    reader = RequestReader(receiver)
    reader.take(MESSAGES["bare"][0] * 10_000)
    assert 1 < len(receiver.begun) < 3000
    receiver.is_busy = False
    reader.go_on()
    assert len(receiver.begun) == 10_000


def test_a_head_of_very_many_headers_is_refused_whole_or_not() -> None:
    for end in (b"", b"\r\n"):
        with pytest.raises(Refusal) as caught:
            read(b"GET / HTTP/1.1\r\nhost: x\r\n" + b"a:\r\n" * 600 + end)
        assert caught.value.reply.status == 431


def test_a_begun_request_keeps_its_headers_when_trailers_come() -> None:
    request = only(CHUNKED, b"2\r\nab\r\n", b"0\r\nhost: other\r\n\r\n")
    assert [name for name, _ in request.raw_headers] == [b"host", b"transfer-encoding"]


OFFER = b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: %b\r\n"


def test_a_websocket_gets_its_request_and_all_that_came_behind_it() -> None:
    receiver = Requests(serves_sockets=True)
    rest = b"\x81\x85" + b"x" * 200_000
    RequestReader(receiver).take(OFFER % b"WebSocket" + b"\r\n" + rest)
    ((request, found),) = receiver.offered
    assert (request.path, found, receiver.begun) == ("/ws", rest, [])


@pytest.mark.parametrize(
    ("head", "is_offered"),
    [
        (OFFER % b"websocket" + b"\r\n", True),
        (OFFER % b"h2c" + b"\r\n", False),
        (OFFER % b"websocket" + b"content-length: 2\r\n\r\nab", False),
        (OFFER % b"websocket" + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", False),
        (OFFER.replace(b"GET", b"POST") % b"websocket" + b"\r\n", False),
        (OFFER.replace(b"1.1", b"1.0") % b"websocket" + b"\r\n", False),
    ],
)
def test_an_offer_that_nobody_takes_is_passed_over(head: bytes, is_offered: bool) -> None:
    receiver = Requests()
    RequestReader(receiver).take(head)
    assert [one.path for one, _ in receiver.begun] == ["/ws"]
    assert bool(receiver.offered) is is_offered
