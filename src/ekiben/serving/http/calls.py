"""The requests of one API: how many at once, how large, how long; and what is counted of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from ekiben.errors import EkibenError, TooManyRequests
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.failures import INTERNAL, reply_to
from ekiben.serving.http.queues import Way
from ekiben.serving.http.request import Request
from ekiben.serving.metrics.requests import EndpointMetrics
from ekiben.serving.streams import FollowedChunks, StreamEnd
from ekiben.serving.wire import Answer, Call, Payload, StreamReply

CLIENT_GONE = 499  # nginx's code for a client that closed the connection; only counted, never sent


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What a request may take: `timeout_s` seconds for each chunk of a streamed reply, `max_body_bytes` bytes."""

    timeout_s: float
    max_body_bytes: int


class Gate:
    """Counts the requests under way over all APIs; beyond `most` (None: no bound) none is let in."""

    __slots__ = ("_most", "inside")

    def __init__(self, most: int | None) -> None:
        self._most = most
        self.inside = 0

    def check(self) -> None:
        """Raises TooManyRequests where the next request is one too many."""
        if self._most is not None and self.inside >= self._most:
            raise TooManyRequests("too many requests are under way", hint="`traffic.max_concurrency` sets the bound")


class ApiCalls:
    """Handles the requests of one endpoint; `way` takes a call to a worker and back.

    A request is under way, for `gate` and for its timeout, once its body is there: a client that is slow to send, or
    stops, takes nobody's turn. How long a body may take is the connection's affair (`limits`). It stays under way until
    its answer is there, a streamed one to its last chunk.
    """

    def __init__(
        self, endpoint: Endpoint, way: Way, *, gate: Gate, limits: CallLimits, metrics: EndpointMetrics | None
    ) -> None:
        self._name = endpoint.name
        self._wants_headers = endpoint.context_parameter is not None
        self._way = way
        self._gate = gate
        self._limits = limits
        self._metrics = metrics
        self._inside = 0
        if metrics is not None:
            metrics.count_in_progress(lambda: self._inside)

    async def __call__(self, request: Request) -> Answer:
        """The answer, whatever happened; counted with its status and duration, unless nothing is."""
        begun_s = time.perf_counter()
        gate = self._gate
        is_inside = False
        code = CLIENT_GONE
        answer: Answer | None = None
        try:
            gate.check()  # before the body too: none is read to be refused
            body = await request.read(self._limits.max_body_bytes)
            gate.check()
            gate.inside += 1
            self._inside += 1
            is_inside = True
            answer = await self._way(self._call(request, body))
            code = answer.status
        except EkibenError as error:
            answer = reply_to(error, request.id)
            code = answer.status
        finally:
            if not isinstance(answer, StreamReply):
                self._ended(code, begun_s, is_inside=is_inside)
        return self._followed(answer, begun_s) if isinstance(answer, StreamReply) else answer

    def _call(self, request: Request, body: bytes) -> Call:
        payload = Payload(request.field(b"content-type"), body)
        headers = request.headers() if self._wants_headers else ()
        return Call(self._name, payload, request.id, request.method, request.path, request.query, headers)

    def _followed(self, answer: StreamReply, begun_s: float) -> StreamReply:
        """The stream, counted at its end: as 500 where it broke off, as 499 where the client did not stay for it."""
        codes: dict[StreamEnd, int] = {"complete": answer.status, "failed": INTERNAL, "closed": CLIENT_GONE}

        def end(how: StreamEnd) -> None:
            self._ended(codes[how], begun_s, is_inside=True)

        return replace(answer, chunks=FollowedChunks(answer.chunks, end, self._limits.timeout_s))

    def _ended(self, code: int, begun_s: float, *, is_inside: bool) -> None:
        if is_inside:
            self._gate.inside -= 1
            self._inside -= 1
        if self._metrics is not None:
            self._metrics.answered(code, time.perf_counter() - begun_s)
