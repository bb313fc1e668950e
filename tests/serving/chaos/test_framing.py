"""Messages that two readers could take for different ones: the shapes of request smuggling, and other protocols.

Each attack is followed by an honest request, GUARD. A server that reads the attack as a proxy in front of it might not
would answer for `/smuggled`; ours refuses the message and closes, or answers each request for itself.
"""

from __future__ import annotations

import socket

import pytest

from tests.serving.chaos.target import read_rest, reply_to, statuses
from tests.serving.http.raw_client import connected
from tests.serving.server_process import ServerProcess

BODY = b'{"numbers": [3]}'
CHUNKED = b"10\r\n" + BODY + b"\r\n0\r\n\r\n"
LENGTH = b"content-length: 16\r\n"
CODED = b"transfer-encoding: chunked\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n"
GUARD = b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"


def square(fields: bytes, body: bytes = BODY, line: bytes = b"POST /square HTTP/1.1") -> bytes:
    """A request to `/square` with further header fields, each with its line end."""
    return line + b"\r\nhost: a\r\ncontent-type: application/json\r\n" + fields + b"\r\n" + body


REFUSED = {
    "length and coding": square(b"content-length: 5\r\n" + CODED, b"0\r\n\r\n" + SMUGGLED),
    "coding and length": square(CODED + b"content-length: 5\r\n", b"0\r\n\r\n" + SMUGGLED),
    "the same length twice": square(LENGTH + LENGTH),
    "two lengths": square(LENGTH + b"content-length: 0\r\n", BODY + SMUGGLED),
    "a list of lengths": square(b"content-length: 16, 16\r\n"),
    "a length with a sign": square(b"content-length: +16\r\n"),
    "a negative length": square(b"content-length: -1\r\n"),
    "a hexadecimal length": square(b"content-length: 0x10\r\n"),
    "a length with an underscore": square(b"content-length: 1_6\r\n"),
    "a length in other digits": square("content-length: \u0661\u0666\r\n".encode()),
    "a length beyond 64 bits": square(b"content-length: 18446744073709551632\r\n"),
    "an empty length": square(b"content-length: \r\n"),
    "a space before the colon": square(b"content-length : 16\r\n"),
    "a space before the colon of the coding": square(b"transfer-encoding : chunked\r\n", CHUNKED),
    "an unknown coding": square(b"transfer-encoding: xchunked\r\n", CHUNKED),
    "chunked, and then another coding": square(b"transfer-encoding: chunked, identity\r\n", CHUNKED),
    "a vertical tab before chunked": square(b"transfer-encoding: \x0bchunked\r\n", CHUNKED),
    "chunked in quotes": square(b'transfer-encoding: "chunked"\r\n', CHUNKED),
    "a folded line": square(LENGTH + b"x-a: b\r\n c\r\n"),
    "a folded coding": square(b"transfer-encoding:\r\n chunked\r\n", CHUNKED),
    "a folded length": square(b"content-length:\r\n 16\r\n"),
    "a first field that is indented": square(b"", b"", b"POST /square HTTP/1.1\r\n x: y"),
    "bare line feeds": square(LENGTH).replace(b"\r\n", b"\n"),
    "one bare line feed": square(b"x: y\n" + LENGTH),
    "a bare carriage return": square(b"x: y\rtransfer-encoding: chunked\r\n" + LENGTH),
    "two carriage returns": square(b"x: y\r\r\n" + LENGTH),
    "a null byte in a name": square(b"x\0y: z\r\n" + LENGTH),
    "a null byte in a value": square(b"x: y\0z\r\n" + LENGTH),
    "a null byte in the path": b"GET /livez\0 HTTP/1.1\r\nhost: a\r\n\r\n",
    "a space in a name": square(b"x y: z\r\n" + LENGTH),
    "a field without colon": square(b"x\r\n" + LENGTH),
    "a field without name": square(b": x\r\n" + LENGTH),
    "a negative chunk": square(CODED, b"-1\r\n"),
    "a chunk beyond 64 bits": square(CODED, b"f" * 17 + b"\r\n"),
    "a chunk in C's notation": square(CODED, b"0x" + CHUNKED),
    "a chunk without a size": square(CODED, b"\r\n" + CHUNKED),
    "chunks with bare line feeds": square(CODED, CHUNKED.replace(b"\r\n", b"\n")),
    "a chunk longer than its size": square(CODED, CHUNKED.replace(b"}", b"}XX")),
    "a line feed in a chunk's extension": square(CODED, CHUNKED.replace(b"10", b"10;a\nb")),
    "a length in the trailer": square(CODED, CHUNKED[:-2] + LENGTH + b"\r\n"),
    "a version of three": b"GET /livez HTTP/3.0\r\nhost: a\r\n\r\n",
    "a version without dot": b"GET /livez HTTP/11\r\nhost: a\r\n\r\n",
    "a tab in the first line": b"GET\t/livez\tHTTP/1.1\r\nhost: a\r\n\r\n",
    "an unknown method": b"FROB / HTTP/1.1\r\nhost: a\r\n\r\n",
    "a method of 100,000 letters": b"A" * 100_000 + b" / HTTP/1.1\r\nhost: a\r\n\r\n",
    "a path that is no ASCII": b"GET /\xc3\xa9 HTTP/1.1\r\nhost: a\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    "TLS": bytes.fromhex("16030100c8010000c40303") + bytes(range(190)),
    "SSH": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "SOCKS": b"\x05\x01\x00\r\n\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "zeros": bytes(1000),
    "line noise": bytes(range(256)) * 40,
}
ANSWERED_ALONE = {
    "a chunked body": square(CODED, CHUNKED),
    "a coding in capitals": square(b"Transfer-Encoding: CHUNKED\r\n", CHUNKED),
    "a chunk with an extension": square(CODED, CHUNKED.replace(b"10", b"10;a=b")),
    "a trailer": square(CODED, CHUNKED[:-2] + b"x: y\r\n\r\n"),
    "empty lines before": b"\r\n\r\n" + square(LENGTH),
    "another host in the first line": square(LENGTH, line=b"POST http://other:1/square HTTP/1.1"),
    "an expectation that nobody knows": square(LENGTH + b"expect: 200-ok\r\n"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_closed(target: ServerProcess, name: str) -> None:
    reply = reply_to(target.url, REFUSED[name] + GUARD)
    assert statuses(reply) in ([400], [431], [501], [505])
    assert b"smuggled" not in reply


@pytest.mark.parametrize("name", ANSWERED_ALONE)
def test_what_is_odd_and_clear_is_answered_and_so_is_the_next(target: ServerProcess, name: str) -> None:
    reply = reply_to(target.url, ANSWERED_ALONE[name] + GUARD)
    assert statuses(reply) == [200, 200]
    assert b"[9]" in reply


def test_a_request_in_a_body_is_a_body(target: ServerProcess) -> None:
    inner = b'{"value": "\\n' + SMUGGLED.replace(b"\r\n", b"\\r\\n") + b'"}'
    head = b"POST /anything HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(inner)
    assert statuses(reply_to(target.url, head + inner + GUARD)) == [200, 200]
    with_body = b"GET /livez HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(SMUGGLED)
    assert statuses(reply_to(target.url, with_body + SMUGGLED + GUARD)) == [200, 200]


def test_a_request_behind_a_refused_body_is_not_answered(target: ServerProcess) -> None:
    for route in (b"/nowhere", b"/livez", b"/square"):
        line = b"POST %s HTTP/1.1" % route
        message = square(b"content-length: %d\r\n" % len(SMUGGLED), SMUGGLED, line)
        assert b"smuggled" not in reply_to(target.url, message + GUARD)


@pytest.mark.parametrize("protocol", [b"h2c", b"TLS/1.2"])
def test_an_offer_to_change_the_protocol_is_passed_over(target: ServerProcess, protocol: bytes) -> None:
    """As Java's own client makes one with every first request."""
    offer = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: %s\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n" % protocol
    reply = reply_to(target.url, square(LENGTH + offer) + GUARD)
    assert statuses(reply) == [200, 200]
    assert b"[9]" in reply


def test_thousands_of_offers_at_once_are_answered_one_by_one(target: ServerProcess) -> None:
    offer = b"GET /livez HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    assert statuses(reply_to(target.url, offer * 3000 + GUARD)) == [200] * 3001


def test_a_websocket_that_nobody_serves_is_refused_or_passed_over(target: ServerProcess) -> None:
    offer = b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAA\r\n"
    message = b"GET /nowhere HTTP/1.1\r\nhost: a\r\n" + offer + b"\r\n"
    found = statuses(reply_to(target.url, message + GUARD))
    assert found[0] in (400, 404, 426, 501)
    assert found[1:] in ([], [200])


def test_an_expectation_of_100_is_met_once(target: ServerProcess) -> None:
    with connected(target.url) as connection:
        connection.sendall(square(LENGTH + b"expect: 100-continue\r\nconnection: close\r\n", b""))
        assert statuses(connection.recv(1000)) == [100]
        connection.sendall(BODY)
        assert statuses(read_rest(connection)) == [200]


@pytest.mark.parametrize("name", ["length and coding", "TLS", "a negative chunk"])
def test_it_does_not_matter_where_the_bytes_are_cut(target: ServerProcess, name: str) -> None:
    with connected(target.url) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for byte in REFUSED[name] + GUARD:
                connection.sendall(bytes([byte]))
        except (BrokenPipeError, ConnectionResetError):
            pass
        reply = read_rest(connection)
    assert statuses(reply) in ([400], [])  # a reset may take the reply with it
    assert b"smuggled" not in reply
