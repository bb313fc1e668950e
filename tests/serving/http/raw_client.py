"""Bytes sent to a server as they are, and what comes back: for clients that no HTTP library will play."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PATIENCE_S = 15.0  # seconds; a test that waits longer has failed


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """A connection to the server at `url`."""
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 80), timeout=PATIENCE_S) as connection:
        yield connection


def read_to_end(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    pieces = []
    try:
        while piece := connection.recv(65536):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def read_until(connection: socket.socket, end: bytes) -> bytes:
    """Everything until `end` has come."""
    received = b""
    while not received.endswith(end):
        piece = connection.recv(65536)
        assert piece, f"the server closed after {received!r}"
        received += piece
    return received


def send_until_refused(connection: socket.socket, piece: bytes, most_bytes: int) -> int:
    """Sends `piece` over and over; gives how many bytes the server took before it closed, at most `most_bytes`."""
    sent = 0
    try:
        while sent < most_bytes:
            connection.sendall(piece)
            sent += len(piece)
    except (ConnectionResetError, BrokenPipeError):
        pass
    return sent


def status_of(reply: bytes) -> int:
    """The status of the first reply in the bytes; 0 where there is none."""
    return int(reply.split(b" ", 2)[1]) if reply else 0
