"""Clients that keep a server waiting, by hundreds, while others go on being served as if nothing were."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.serving.chaos.target import read_rest, reply_to, request, statuses, unharmed
from tests.serving.http.raw_client import connected
from tests.serving.server_process import ServerProcess, eventually

MIB = 1024 * 1024
SLOW_CLIENTS = 200
ORDINARY = 50  # requests of others meanwhile
DRIP_S = 0.005

BODY = b'{"numbers": [' + b" " * 10_000 + b"3]}"
HEAD = b"POST /square HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: %d\r\n" % len(BODY)
DRIPS = {
    "heads without end": lambda: itertools.chain(b"GET /livez HTTP/1.1\r\nhost: x\r\n", itertools.cycle(b"x-a: b\r\n")),
    "first lines without end": lambda: itertools.chain(b"GET /", itertools.cycle(b"a")),
    "bodies": lambda: iter(HEAD + b"\r\n" + BODY),
    "chunked bodies": lambda: itertools.chain(
        b"POST /square HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n", itertools.cycle(b"1\r\n \r\n")
    ),
    "forms": lambda: itertools.chain(
        b"POST /keep HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n"
        b"content-type: multipart/form-data; boundary=x\r\n\r\n",
        itertools.cycle(b"--x\r\n"),
    ),
    "nothing at all": lambda: iter(b""),
}


@contextlib.contextmanager
def dripping(server: ServerProcess, drip: Callable[[], Iterator[int]]) -> Iterator[Callable[[], int]]:
    """SLOW_CLIENTS connections that each send a byte now and then; gives how many each has sent."""
    with contextlib.ExitStack() as stack:
        clients = [(stack.enter_context(connected(server.url)), drip()) for _ in range(SLOW_CLIENTS)]
        rounds = itertools.count(1)
        done = [0]
        is_over = threading.Event()

        def send_all() -> None:
            while not is_over.wait(DRIP_S):
                for connection, text in clients:
                    with contextlib.suppress(OSError, StopIteration):
                        connection.send(bytes([next(text)]))
                done[0] = next(rounds)

        sending = threading.Thread(target=send_all)
        sending.start()
        try:
            yield lambda: done[0]
        finally:
            is_over.set()
            sending.join()


@pytest.mark.parametrize("name", DRIPS)
def test_others_are_served_while_hundreds_drip(target: ServerProcess, name: str) -> None:
    with dripping(target, DRIPS[name]) as drips:
        for number in itertools.count():
            assert target.post("/square", numbers=[number]).json() == [number * number]
            assert statuses(reply_to(target.url, request("/livez", method="GET"))) == [200]
            if number >= ORDINARY and drips() >= ORDINARY:
                break


def test_a_request_in_drips_is_answered_like_any_other(target: ServerProcess) -> None:
    message = request("/square", b'{"numbers": [3]}')
    with connected(target.url) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in message:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        reply = read_rest(connection)
    assert statuses(reply) == [200]
    assert reply.endswith(b"[9]")


def test_those_who_take_no_answer_hold_up_nobody(target: ServerProcess) -> None:
    """Each asks for a megabyte and reads none of it; what the kernel does not take, the server has to hold."""
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            connection = stack.enter_context(connected(target.url))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request("/write", b'{"size": 1000000}'))
        for number in range(ORDINARY):
            assert target.post("/square", numbers=[number]).json() == [number * number]


def test_one_who_asks_on_and_takes_no_answer_is_not_answered_on(target: ServerProcess) -> None:
    """Two thousand requests for a megabyte each, without reading: the server must not hold two gigabytes."""
    message = request("/write", b'{"size": 1000000}').replace(b"connection: close\r\n", b"")
    with connected(target.url) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(1.0)
        with contextlib.suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
            for _ in range(2000):
                connection.sendall(message)
        before = target.metric('ekiben_request_total{code="200",endpoint="write"')
        assert target.post("/square", numbers=[2]).json() == [4]
        assert before < 200


def test_one_who_leaves_in_the_middle_of_an_answer_costs_nothing(target: ServerProcess) -> None:
    for _ in range(50):
        with connected(target.url) as connection:
            connection.sendall(request("/write", b'{"size": 1000000}'))
            connection.recv(1000)
    eventually(lambda: target.metric("ekiben_request_in_progress{") == 0)


def test_ten_thousand_requests_at_once_on_one_connection_are_answered_in_order(target: ServerProcess) -> None:
    count = 10_000
    with connected(target.url) as connection:
        sending = threading.Thread(target=_send_pipelined, args=(connection, count))
        sending.start()
        replies = read_rest(connection)
        sending.join()
    numbers = [int(reply.rpartition(b"[")[2].partition(b"]")[0]) for reply in replies.split(b"HTTP/1.1 200")[1:]]
    assert numbers == [number * number for number in range(count)]


def _send_pipelined(connection: socket.socket, count: int) -> None:
    for number in range(count):
        message = request("/square", b'{"numbers": [%d]}' % number)
        connection.sendall(message if number == count - 1 else message.replace(b"connection: close\r\n", b""))


def test_ten_thousand_requests_that_nobody_reads_are_held_back(target: ServerProcess) -> None:
    message = b"GET /docs.json HTTP/1.1\r\nhost: a\r\n\r\n" * 10_000
    with connected(target.url) as connection, unharmed(target, most_extra_bytes=32 * MIB):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(1.0)
        with contextlib.suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
            connection.sendall(message)
        assert target.client.get("/livez").status_code == 200


def test_a_connection_that_opens_and_closes_a_thousand_times_leaves_nothing(target: ServerProcess) -> None:
    before = target.metric("process_open_fds")
    for _ in range(1000):
        with connected(target.url):
            pass
    eventually(lambda: target.metric("process_open_fds") <= before)
