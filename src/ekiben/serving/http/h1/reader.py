"""`RequestReader`: bytes of a connection -> Requests, by httptools (llhttp), which is strict about what a message is.

What llhttp lets through and this server does not serve is refused here: other versions of HTTP, transfer codings other
than `chunked`, no host, heads over their limit. Nothing is buffered but the head and what came of the body with it.

A websocket is the receiver's to take, with all that comes behind its request. Any other upgrade that a client offers
(Java's asks for `h2c` with every first request) is not taken, and the request answered as it is, which RFC 9110,
section 7.8, allows. llhttp takes what follows such a head for another protocol, so the body is read by a second parser,
which is told no more of the head than how the body ends.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httptools

from ekiben.serving.failures import error_reply
from ekiben.serving.http.body import BodyFlow, IncomingBody
from ekiben.serving.http.h1.framing import LAST, OLD_LAST, OLD_PERSISTENT, PERSISTENT, Framing
from ekiben.serving.http.h1.limits import CHUNK_BYTES, MAX_HEAD_BYTES
from ekiben.serving.http.request import Origin, Request, request_id
from ekiben.serving.wire import Reply

SLICE_BYTES = 64 * 1024  # that are parsed at once: whole requests, or three thousand small ones, 3 MB as objects
MAX_FIELDS = 512  # headers of a head, each an object; Apache takes 100, Node.js 2,000
_SLASH = ord("/")
# Headers that say something about the message itself: a request without them takes the short way.
_ABOUT_MESSAGE = frozenset({b"connection", b"transfer-encoding", b"expect", b"upgrade"})
_ONCE = (b"host", b"content-length", b"transfer-encoding", b"content-type")  # what two of would be read in two ways


class Receiver(BodyFlow, Origin, Protocol):
    """The connection, as its reader needs it."""

    @property
    def is_behind(self) -> bool:
        """Whether requests wait for those before them."""

    def begin(self, request: Request, framing: Framing) -> None:
        """A request is to be answered after those before it."""

    def ask_for_body(self) -> None:
        """Tell the client to send what it holds back (100 Continue)."""

    def take_over(self, request: Request, rest: bytes) -> bool:
        """A request for a websocket, and what came behind it: whether the connection is a websocket's from now on."""


class Stage(Enum):
    """How far the reader is."""

    BETWEEN = "between two requests"
    HEAD = "in a head"
    BODY = "in a body"


class Refusal(Exception):
    """What came cannot be served, and nothing after it can be read."""

    def __init__(self, status: HTTPStatus, error: str, detail: str | None = None) -> None:
        super().__init__(error)
        self.reply: Reply = error_reply(status, error, detail)


class RequestReader:
    """Given to the parser, whose callbacks are the `on_...` methods; hands whole heads to the receiver."""

    __slots__ = (
        *("_earned_bytes", "_fields", "_framing", "_has_moved", "_headers", "_held", "_is_in_body", "_is_long"),
        *("_is_upgrade", "_loose_bytes", "_parser", "_piece", "_receiver", "_url", "body", "received_bytes"),
    )

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._fields: dict[bytes, bytes] = {}
        self._framing = PERSISTENT
        self._held = memoryview(b"")  # bytes behind requests that wait, not parsed yet
        self._piece = b""  # what came of a body with its head
        self._is_in_body = False
        self._is_upgrade = False  # the parser thinks that the message ends with its head
        self._is_long = False  # what is fed could hold a head over the limit
        self._has_moved = False  # since bytes were last counted, a body began or a message became whole
        self._earned_bytes = 0  # what may have come since then because so much of a body did
        self._loose_bytes = 0  # that were part of neither a body nor a message that is whole
        self.received_bytes = 0  # of messages that did not come in one piece: how a slow one gets on
        self.body: IncomingBody | None = None  # of the message that is being read, where it did not come with its head

    @property
    def stage(self) -> Stage:
        """How far it is."""
        if self._is_in_body:
            return Stage.BODY
        return Stage.HEAD if self._url or self._loose_bytes else Stage.BETWEEN

    def take(self, data: bytes) -> None:
        """Parses all of the bytes; where requests have to wait, the rest when `go_on` is called. Raises Refusal."""
        if len(data) <= SLICE_BYTES:
            self._feed(data)
        else:
            self._held = memoryview(data)
            self.go_on()

    def go_on(self) -> None:
        """Parses what was held back, up to the next request that has to wait. Raises Refusal."""
        while self._held and not self._receiver.is_behind:
            part, self._held = self._held[:SLICE_BYTES], self._held[SLICE_BYTES:]
            self._feed(part)

    def _feed(self, data: bytes | memoryview) -> None:
        """In the usual case the bytes are one whole request, and nothing is counted."""
        self._is_long = self._loose_bytes + len(data) > MAX_HEAD_BYTES
        rest = data
        while True:
            try:
                self._parser.feed_data(rest)
                break
            except httptools.HttpParserUpgrade as upgrade:
                if not self._is_upgrade:  # CONNECT, whatever its target
                    raise _no_tunnel() from None
                rest = memoryview(rest)[upgrade.args[0] :]  # no copy: one read may bring thousands of them
                if self._has_handed_over(rest):
                    return
                self._decline_upgrade()
            except httptools.HttpParserError as error:
                if isinstance(error.__context__, Refusal):
                    raise error.__context__ from None
                raise Refusal(HTTPStatus.BAD_REQUEST, "this is no HTTP request", str(error)) from error
        if self._has_moved and not self._is_in_body and not self._url:
            self._has_moved = False
            self._loose_bytes = 0
        else:
            self._count_part(len(rest))

    def close(self) -> None:
        """Lets go of the parser, which holds this object as this object holds it."""
        del self._parser

    def on_url(self, url: bytes) -> None:
        """The parser's: (a part of) the request's target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser's: a header, or a trailer, which is forgotten with its message."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """The parser's: a head is whole."""
        headers = self._headers
        if len(headers) > MAX_FIELDS or (self._is_long and _size_of(self._url, headers) > MAX_HEAD_BYTES):
            raise _too_long()
        self._fields = fields = dict(headers)
        if len(fields) != len(headers):
            _check_repeated(headers)
        if b"host" in fields and _ABOUT_MESSAGE.isdisjoint(fields) and self._parser.should_keep_alive():
            self._framing = PERSISTENT
        else:
            self._framing = self._framing_of(fields)
        self._is_in_body = True

    def on_body(self, piece: bytes) -> None:
        """The parser's: (a part of) the body."""
        if self.body is not None:
            self._earned_bytes += CHUNK_BYTES + 2 * len(piece)
            self.body.add(piece)
        elif self._piece:
            self._open_body().add(piece)
        else:
            self._piece = piece

    def on_message_complete(self) -> None:
        """The parser's: a message is whole."""
        if self._is_upgrade:
            return
        self._has_moved = True
        self._is_in_body = False
        if self.body is not None:
            self.body.end()
            self.body = None
            self._headers = []  # trailers
        else:
            self._begin(self._piece)
            self._piece = b""
        self._url = b""

    def _begin(self, body: bytes | IncomingBody) -> None:
        request = self._request_with(body)
        self._headers = []
        self._receiver.begin(request, self._framing)

    def _request_with(self, body: bytes | IncomingBody) -> Request:
        url, fields = self._url, self._fields
        if url[0] == _SLASH:
            raw_path, _, query = url.partition(b"?")
        elif self._parser.get_method() == b"CONNECT":
            raise _no_tunnel()
        else:
            raw_path, query = _split_absolute(url)
        path = raw_path.decode("latin-1")
        return Request(
            self._parser.get_method().decode("latin-1"),
            unquote(path) if "%" in path else path,
            query.decode("latin-1"),
            self._headers,
            fields,
            body,
            request_id(fields.get(b"x-request-id")),
            url,
            self._receiver,
        )

    def _open_body(self) -> IncomingBody:
        """Begins the request although its body is not whole."""
        is_held_back = self._framing.takes_chunks and self._fields.get(b"expect", b"").lower() == b"100-continue"
        self.body = IncomingBody(self._receiver, self._receiver.ask_for_body if is_held_back else None)
        self._has_moved = True
        if self._piece:
            self.body.add(self._piece)
            self._piece = b""
        self._begin(self.body)
        return self.body

    def _count_part(self, size: int) -> None:
        if self._is_in_body and self.body is None:
            self._open_body()
        self.received_bytes += size
        self._loose_bytes = 0 if self._has_moved else max(0, self._loose_bytes + size - self._earned_bytes)
        self._has_moved = False
        self._earned_bytes = 0
        if self._loose_bytes > MAX_HEAD_BYTES or len(self._headers) > MAX_FIELDS:
            raise _too_long()

    def _framing_of(self, fields: dict[bytes, bytes]) -> Framing:
        version = self._parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise Refusal(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, f"HTTP {version} is not served", "HTTP/1.1 is")
        is_old = version == "1.0"
        if b"host" not in fields and not is_old:
            raise Refusal(HTTPStatus.BAD_REQUEST, "the request names no host", "HTTP/1.1 wants a `Host` header")
        coding = fields.get(b"transfer-encoding")
        if coding is not None:
            if is_old:
                raise Refusal(HTTPStatus.BAD_REQUEST, "HTTP/1.0 knows no transfer coding")
            if coding.strip().lower() != b"chunked":
                raise Refusal(HTTPStatus.NOT_IMPLEMENTED, "the only transfer coding that is read is `chunked`")
        if self._parser.should_upgrade():
            if b"upgrade" not in fields:
                raise _no_tunnel()
            self._is_upgrade = True
        if self._parser.should_keep_alive():
            return OLD_PERSISTENT if is_old else PERSISTENT
        return OLD_LAST if is_old else LAST

    def _has_handed_over(self, rest: memoryview) -> bool:
        """Whether the connection is a websocket's now, with what came behind its request."""
        fields = self._fields
        is_bare = b"transfer-encoding" not in fields and fields.get(b"content-length", b"0").strip(b"0") == b""
        is_offered = fields[b"upgrade"].lower() == b"websocket" and self._parser.get_method() == b"GET"
        if not (is_bare and is_offered and self._parser.get_http_version() == "1.1"):
            return False
        if not self._receiver.take_over(self._request_with(b""), bytes(rest) + bytes(self._held)):
            return False
        self._held = memoryview(b"")
        return True

    def _decline_upgrade(self) -> None:
        """Goes on after the head of an upgrade as after any other head."""
        self._is_upgrade = False
        fields = self._fields
        length = fields.get(b"content-length", b"0")
        if b"transfer-encoding" not in fields and not int(length):
            self.on_message_complete()
            return
        kept = self._url, self._headers, self._framing
        ending = b"content-length: " + length if b"content-length" in fields else b"transfer-encoding: chunked"
        head = self._parser.get_method() + b" / HTTP/1.1\r\nhost:\r\n" + ending + b"\r\n\r\n"
        self._headers = []
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(head)
        self._url, self._headers, self._framing = kept
        self._fields = fields


def _split_absolute(url: bytes) -> tuple[bytes, bytes]:
    """Path and query of a target that names its host, too (RFC 9112, section 3.2.2), or is `*`."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Refusal(HTTPStatus.BAD_REQUEST, "the target of the request is no URL") from error
    return parts.path or b"/", parts.query


def _size_of(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def _check_repeated(headers: list[tuple[bytes, bytes]]) -> None:
    names = [name for name, _ in headers]
    for name in _ONCE:
        if names.count(name) > 1:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"`{name.decode()}` came more than once")


def _no_tunnel() -> Refusal:
    return Refusal(HTTPStatus.NOT_IMPLEMENTED, "tunnels are not served")


def _too_long() -> Refusal:
    error = f"the head of the request is over {MAX_HEAD_BYTES} bytes or {MAX_FIELDS} headers"
    return Refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, error)
