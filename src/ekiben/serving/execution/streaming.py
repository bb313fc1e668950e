"""A reply in pieces: what a method yields, as chunks of a body, up to the method's end whoever brings it about.

`StreamCall` is what every stream needs, whatever it runs on; `MethodChunks` what its reader sees. Who steps the method:

    stream_async.py   LoopChunks      an async one, on the event loop: the reader
    stream_sync.py    ThreadedChunks  a sync one: a thread of the worker, ahead of the reader
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import AsyncIterator, MutableMapping
from typing import Never

from ekiben.errors import InternalError
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import Response
from ekiben.serving.execution.program import Invocation
from ekiben.serving.execution.single import ReplyHead, head_of, prepare
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.stream import ItemWriter, StreamSpec
from ekiben.serving.wire import Answer, Call, Payload, Reply, StreamReply

logger = logging.getLogger("ekiben.serving")


class StreamCall:
    """One request to an API that streams: its body decoded, its items encoded, its folder kept till the end."""

    def __init__(self, endpoint: Endpoint, call: Call, state: MutableMapping[str, object]) -> None:
        assert isinstance(endpoint.output, StreamSpec), "the API answers with one result"
        self.head: ReplyHead | None = None
        self.size_bytes = len(call.payload.body)
        self._endpoint = endpoint
        self._call = call
        self._state = state
        self._spec = endpoint.output
        self._writer: ItemWriter | None = None
        self._response = Response()
        self._folder = RequestFolder()

    def prepare(self) -> Invocation:
        """The call of the method. Raises RequestError for a body that cannot be read."""
        return prepare(self._endpoint, self._call, self._folder, self._response, self._state)

    def encode(self, item: object) -> bytes:
        """The item's part of the body. With the first one the head is settled: what is said of it later is too late."""
        if self._writer is None:
            self._writer = self._spec.writer(item)
            self.head = head_of(self._writer.media_type, self._response)
        return self._writer.encode(item)

    def answer(self, chunks: MethodChunks) -> Answer:
        """The answer once the head is settled, or the method has ended without an item."""
        if self.head is not None:
            return StreamReply(self.head.status, self.head.content_type, chunks, self.head.headers)
        empty = head_of(self._spec.writer("").media_type, self._response)
        return Reply(empty.status, Payload(empty.content_type, b""), empty.headers)

    def break_off(self, error: BaseException) -> Never:
        """Logs what the service raised in the middle, where no status can say it any more, and raises InternalError."""
        self.log("failed in the middle of its reply", error)
        raise InternalError(f"the reply broke off (request id {self._call.request_id})") from error

    def log(self, what: str, error: BaseException) -> None:
        """Logs what the service raised, with its traceback."""
        logger.error("`%s` %s (request id %s)", self._endpoint.name, what, self._call.request_id, exc_info=error)

    def finish(self) -> None:
        """Removes what the call stored."""
        self._folder.remove()


class MethodChunks(AsyncIterator[bytes]):
    """The chunks of one reply; none is empty. Reading may be cancelled and taken up again.

    Raises InternalError, logged already, where the service fails. `aclose` returns when the method has really ended.
    """

    @abstractmethod
    async def open(self) -> Answer:
        """Runs up to the first chunk. Raises what the request or the method did wrong until then."""

    @abstractmethod
    async def aclose(self) -> None:
        """Closes the method."""
