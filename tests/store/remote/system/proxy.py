"""A proxy in front of a real registry: it counts what passes, and misbehaves as it is told."""

from __future__ import annotations

import http.client
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST = "127.0.0.1"
_PIECE = 64 * 1024  # bytes passed on at once
_OF_ONE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding"})


class Deed(Enum):
    """What is done to an exchange, after `at` bytes of a body where one is meant."""

    ANSWER = "a status is answered, and nothing asked of the registry"
    REFUSE = "the connection is closed before anything is passed on"
    CUT_REQUEST = "the connection is closed in the middle of the request's body"
    LOSE_ANSWER = "the registry does what it is asked, and the connection is closed before its answer"
    CUT_ANSWER = "the connection is closed in the middle of the answer's body"
    STALL = "nothing more is heard in the middle of the answer's body, for `stall_s`"
    CORRUPT = "a byte of the answer's body is another"
    FORGET_RANGE = "the whole is answered where a part is asked for"
    TELL_OTHER_RANGE = "the part is answered as another"


@dataclass(frozen=True, slots=True)
class Fault:
    """What befalls the next request with this method and a path in which `path` is found, and whose body, or answer,
    has more than `at` bytes; `of_part` leaves those out that ask for no range."""

    deed: Deed
    method: str = "GET"
    path: str = ""
    at: int = 0
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    stall_s: float = 0.5
    of_part: bool = False

    @property
    def is_of_answer(self) -> bool:
        """Whether the registry is asked first."""
        return self.deed in (Deed.CUT_ANSWER, Deed.STALL, Deed.CORRUPT, Deed.TELL_OTHER_RANGE)

    def fits(self, exchange: Exchange, size_bytes: int, *, of_answer: bool) -> bool:
        """Whether it is for this exchange, whose body there has so many bytes."""
        return (
            self.is_of_answer == of_answer
            and self.method == exchange.method
            and re.search(self.path, exchange.path) is not None
            and (exchange.is_of_part or not self.of_part)
            and (self.at == 0 or self.at < size_bytes)
        )


@dataclass(slots=True)
class Exchange:
    """One request and its answer: how many bytes came of the first, and went of the second's body."""

    method: str
    path: str
    head_bytes: int
    is_of_part: bool
    body_bytes: int = 0
    answered_bytes: int = 0
    status: int = 0


@dataclass(slots=True)
class Proxy:
    """`faults` are used up one by one; `closes_idle` ends every connection after an answer, without a word. Each 64 KiB
    of a body take `pause_s`, so that they are with whom they are for, and in no buffer."""

    port: int
    faults: list[Fault] = field(default_factory=list)
    closes_idle: bool = False
    pause_s: float = 0.0
    seen: list[Exchange] = field(default_factory=list)
    host: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def head_bytes(self) -> int:
        """Of requests, their heads."""
        return sum(one.head_bytes for one in self.seen)

    @property
    def body_bytes(self) -> int:
        """Of requests, their bodies, as far as they came."""
        return sum(one.body_bytes for one in self.seen)

    def fetched_bytes(self, path: str = "/blobs/sha256:") -> int:
        """What was answered to GET, by default blobs."""
        return sum(one.answered_bytes for one in self.seen if one.method == "GET" and path in one.path)

    def fault_for(self, exchange: Exchange, size_bytes: int, *, of_answer: bool = False) -> Fault | None:
        """The first that fits, which then is done with."""
        with self._lock:
            fitting = (one for one in self.faults if one.fits(exchange, size_bytes, of_answer=of_answer))
            if fault := next(fitting, None):
                self.faults.remove(fault)
            return fault


@contextmanager
def proxying(proxy: Proxy) -> Iterator[Proxy]:
    """The proxy answers at its `host` for the block."""
    server = _Server((HOST, 0), _Handler)
    server.proxy = proxy
    proxy.host = f"{HOST}:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    proxy: Proxy
    daemon_threads = True  # clients that were killed leave connections behind
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_any(self) -> None:
        """Every method."""
        proxy = self.server.proxy
        head = sum(len(name) + len(value) + 4 for name, value in self.headers.items()) + 2
        exchange = Exchange(self.command, self.path, len(self.requestline) + 2 + head, "Range" in self.headers)
        proxy.seen.append(exchange)
        fault = proxy.fault_for(exchange, int(self.headers.get("Content-Length", 0)))
        self.close_connection = self.headers.get("Connection", "").lower() == "close"
        if fault and fault.deed is Deed.REFUSE:
            self.close_connection = True
        elif fault and fault.deed is Deed.ANSWER:
            exchange.body_bytes = sum(map(len, self._body()))
            self._begin_answer(fault.status, {"Content-Length": "0", **fault.headers})
        else:
            self._pass_on(exchange, fault)
        self.close_connection |= proxy.closes_idle

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_any  # noqa: N815

    def _pass_on(self, exchange: Exchange, fault: Fault | None) -> None:
        upstream = http.client.HTTPConnection(HOST, self.server.proxy.port)
        try:
            self._ask(upstream, exchange, fault)
            answer = upstream.getresponse()
            if fault and fault.deed is Deed.LOSE_ANSWER:
                raise _Closed
            exchange.status = answer.status
            size_bytes = int(answer.getheader("Content-Length", "0"))
            self._answer(answer, exchange, self.server.proxy.fault_for(exchange, size_bytes, of_answer=True))
        except (_Closed, OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            upstream.close()

    def _ask(self, upstream: http.client.HTTPConnection, exchange: Exchange, fault: Fault | None) -> None:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            is_forgotten = name.lower() == "range" and fault and fault.deed is Deed.FORGET_RANGE
            if name.lower() not in _OF_ONE_HOP and not is_forgotten:
                upstream.putheader(name, value)
        is_chunked = "Transfer-Encoding" in self.headers
        if is_chunked:
            upstream.putheader("Transfer-Encoding", "chunked")
        upstream.endheaders()
        for piece in self._body():
            exchange.body_bytes += len(piece)
            time.sleep(self.server.proxy.pause_s)
            if fault and fault.deed is Deed.CUT_REQUEST and exchange.body_bytes > fault.at:
                raise _Closed
            upstream.send(b"%x\r\n%b\r\n" % (len(piece), piece) if is_chunked else piece)
        if is_chunked:
            upstream.send(b"0\r\n\r\n")

    def _body(self) -> Iterator[bytes]:
        """The request's, in pieces."""
        if "Transfer-Encoding" in self.headers:
            while size := int(self.rfile.readline(), 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        missing = int(self.headers.get("Content-Length", 0))
        while missing:
            piece = self.rfile.read1(min(_PIECE, missing))
            if not piece:
                raise _Closed
            missing -= len(piece)
            yield piece

    def _answer(self, answer: http.client.HTTPResponse, exchange: Exchange, fault: Fault | None) -> None:
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _OF_ONE_HOP}
        has_body = self.command != "HEAD" and answer.status not in (204, 304)
        whole = None
        if has_body and answer.getheader("Content-Length") is None:
            whole = answer.read()
            headers["Content-Length"] = str(len(whole))
        if fault and fault.deed is Deed.TELL_OTHER_RANGE and (told := headers.get("Content-Range")):
            headers["Content-Range"] = re.sub(r"\d+", lambda found: str(int(found[0]) + 1), told, count=1)
        self._begin_answer(answer.status, headers)
        if has_body:
            pieces = iter([whole]) if whole is not None else iter(lambda: answer.read(_PIECE), b"")
            self._send(pieces, exchange, fault)

    def _send(self, pieces: Iterator[bytes], exchange: Exchange, fault: Fault | None) -> None:
        for piece in pieces:
            here = fault.at - exchange.answered_bytes if fault else -1
            if fault and 0 <= here < len(piece):
                match fault.deed:
                    case Deed.CORRUPT:
                        piece = piece[:here] + bytes([piece[here] ^ 1]) + piece[here + 1 :]
                    case Deed.CUT_ANSWER | Deed.STALL:
                        self.wfile.write(piece[:here])
                        exchange.answered_bytes += here
                        time.sleep(fault.stall_s if fault.deed is Deed.STALL else 0)
                        raise _Closed
                    case _:
                        pass
            self.wfile.write(piece)
            exchange.answered_bytes += len(piece)
            time.sleep(self.server.proxy.pause_s)

    def _begin_answer(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def finish(self) -> None:
        """Clients that were killed do not take what is left for them."""
        with suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


class _Closed(Exception):
    """The connection is to be closed as it is."""
