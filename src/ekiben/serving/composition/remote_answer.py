"""`AnswerReader`: bytes of HTTP/1.1 -> one answer. It knows no socket.

A body whose length is known is gathered in memory of its own, into which a connection may also read without us
(`rest`, `advance`): whoever decodes it may take arrays from there without a copy. One that comes in pieces is a stream,
which is there with its head.
"""

from __future__ import annotations

from typing import TypeAlias

import httptools

from ekiben.serving.composition.remote_chunks import RemoteChunks, Tap
from ekiben.serving.wire import Answer, Payload, Reply, StreamReply

BODILESS = (204, 304)
FIRST_ANSWER = 200  # statuses below it precede the answer
FIRST_ERROR = 400
_DIGITS = 12  # of a length: more than any memory holds
_OWN = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"date", b"server"})
_Fields: TypeAlias = list[tuple[str, str]]


class NotHttp(Exception):
    """What came is no answer of HTTP/1.1."""


class AnswerReader:
    """Reads one answer; of a stream, `tap` is where the pieces come from.

    `answer` is there when it can be handed on, `is_complete` when the next request may follow, `rest` where the missing
    part of a body belongs.
    """

    def __init__(self, tap: Tap) -> None:
        self.answer: Answer | None = None
        self.is_complete = False
        self.keeps_alive = False
        self.has_begun = False
        self.rest: memoryview | None = None
        self._tap = tap
        self._parser = httptools.HttpResponseParser(self)
        self._status = 0
        self._content_type = ""
        self._headers: _Fields = []
        self._length: int | None = None
        self._is_chunked = False
        self._reads_to_end = False
        self._has_all = False
        self._body = bytearray()
        self._filled = 0
        self._chunks: RemoteChunks | None = None

    def feed(self, data: memoryview) -> None:
        """Some more has come. Raises NotHttp."""
        self.has_begun = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise NotHttp(f"what came is no HTTP: {error}") from error
        if self._has_all:
            self._complete()
        elif self._length is not None and self._status:
            self.rest = memoryview(self._body)[self._filled :]

    def advance(self, count: int) -> None:
        """So many bytes of `rest` were filled."""
        assert self.rest is not None, "there is a rest that could be filled"
        self.rest = self.rest[count:]
        if not self.rest:
            self.rest = None
            self._complete()

    def end(self, failure: str | None) -> None:
        """Nothing more will come: for some answers their end, unless it is a `failure`."""
        if self._reads_to_end and failure is None:
            self._complete()
        elif self._chunks is not None:
            self._chunks.end(failure or "connection closed")

    def _complete(self) -> None:
        self.is_complete = True
        if self._chunks is not None:
            self._chunks.end()
            return
        body = memoryview(self._body) if self._length else bytes(self._body)
        self.answer = Reply(self._status, Payload(self._content_type, body), tuple(self._headers))

    # httptools calls the rest

    def on_header(self, name: bytes, value: bytes) -> None:
        """One field of the head."""
        key = name.lower()
        if key == b"content-length":
            self._length = int(value[:_DIGITS])
        elif key == b"transfer-encoding":
            self._is_chunked = True
        elif key == b"content-type":
            self._content_type = value.decode("latin-1")
        elif key not in _OWN:
            self._headers.append((key.decode("latin-1"), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """The head has come."""
        status: int = self._parser.get_status_code()
        if status < FIRST_ANSWER:
            self._headers.clear()
            return
        self._status = status
        self.keeps_alive = self._parser.should_keep_alive()
        if self._is_chunked and status < FIRST_ERROR:
            self._chunks = RemoteChunks(self._tap)
            self.answer = StreamReply(status, self._content_type, self._chunks, tuple(self._headers))
        elif self._length is not None:
            self._body = bytearray(self._length)
        else:
            self._reads_to_end = not self._is_chunked and status not in BODILESS

    def on_body(self, piece: bytes) -> None:
        """Some of the body."""
        if self._chunks is not None:
            self._chunks.add(piece)
        elif self._length is not None:
            self._body[self._filled : self._filled + len(piece)] = piece
            self._filled += len(piece)
        else:
            self._body += piece

    def on_message_complete(self) -> None:
        """An answer has come, or what only precedes it."""
        self._has_all = bool(self._status) and not self._reads_to_end
