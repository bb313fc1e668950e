"""The requests of one API: how many at once, how large, how long; and what is counted of them.

ApiCalls      a request is answered in the task that awaits it
QueuedCalls   of a sync API: mostly without a task, where the body came with the head
  └── Visit       one request that is answered so: takes the answer from the queue and delivers it
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from ekiben.errors import EkibenError, Overloaded
from ekiben.serving.batching.queue import Ticket
from ekiben.serving.composition.gate import Gate
from ekiben.serving.composition.queues import Queued, Way
from ekiben.serving.composition.remote import TIMEOUT_FIELD
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.failures import INTERNAL, reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Exchange
from ekiben.serving.metrics.requests import EndpointMetrics
from ekiben.serving.streams import FollowedChunks, StreamEnd
from ekiben.serving.wire import Answer, Call, Payload, Reply, StreamReply

CLIENT_GONE = 499  # nginx's code for a client that closed the connection; only counted, never sent


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What a request may take: `timeout_s` seconds for each chunk of a streamed reply, `max_body_bytes` bytes.

    `passes_on`: the service calls others, whose time ends with the request's.
    """

    timeout_s: float
    max_body_bytes: int
    passes_on: bool = False


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
        self._passes_on = limits.passes_on
        self._wants_client = endpoint.context_parameter is not None
        self._wants_headers = self._wants_client or limits.passes_on
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
            body = request.body
            if not isinstance(body, bytes) or len(body) > self._limits.max_body_bytes:
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
                self.end(code, begun_s, is_inside=is_inside)
        return self._followed(answer, begun_s) if isinstance(answer, StreamReply) else answer

    def _call(self, request: Request, body: bytes) -> Call:
        payload = Payload(request.field(b"content-type"), body)
        headers = request.headers() if self._wants_headers else ()
        deadline_s = time.monotonic() + self._time_of(request) if self._passes_on else 0.0
        client = request.origin.peer() if self._wants_client and request.origin is not None else None
        return Call(
            self._name,
            payload,
            request.id,
            request.method,
            request.path,
            request.query,
            headers,
            deadline_s,
            client,
        )

    def _time_of(self, request: Request) -> float:
        """Seconds until nobody waits: another server of ours says how long it does."""
        said = request.field(TIMEOUT_FIELD.encode())
        return min(self._limits.timeout_s, int(said) / 1000) if said.isdecimal() else self._limits.timeout_s

    def _followed(self, answer: StreamReply, begun_s: float) -> StreamReply:
        """The stream, counted at its end: as 500 where it broke off, as 499 where the client did not stay for it."""
        codes: dict[StreamEnd, int] = {"complete": answer.status, "failed": INTERNAL, "closed": CLIENT_GONE}

        def end(how: StreamEnd) -> None:
            self.end(codes[how], begun_s)

        return replace(answer, chunks=FollowedChunks(answer.chunks, end, self._limits.timeout_s))

    def end(self, code: int, begun_s: float, *, is_inside: bool = True) -> None:
        """Counts a request that is over."""
        if is_inside:
            self._gate.inside -= 1
            self._inside -= 1
        if self._metrics is not None:
            self._metrics.answered(code, time.perf_counter() - begun_s)


class QueuedCalls(ApiCalls):
    """Of a sync API that does not stream."""

    def __init__(
        self, endpoint: Endpoint, queue: Queued, *, gate: Gate, limits: CallLimits, metrics: EndpointMetrics | None
    ) -> None:
        super().__init__(endpoint, queue, gate=gate, limits=limits, metrics=metrics)
        self._queue = queue

    def begin(self, request: Request, exchange: Exchange) -> Visit | None:
        """Queues the request, whose reply is then delivered to `exchange`.

        None where it has to be awaited: its body has not come yet, or it will be refused.
        """
        body = request.body
        if not isinstance(body, bytes) or len(body) > self._limits.max_body_bytes or not self._gate.is_open:
            return None
        visit = Visit(self, self._queue, request, exchange)
        ticket = self._queue.join(self._call(request, body), visit)
        if ticket is None:
            return None
        visit.ticket = ticket
        self._gate.inside += 1
        self._inside += 1
        return visit


class Visit:
    """One request of `calls` on its way through `queue`: the recipient of its ticket."""

    __slots__ = ("_begun_s", "_calls", "_exchange", "_queue", "_request", "ticket")
    ticket: Ticket

    def __init__(self, calls: ApiCalls, queue: Queued, request: Request, exchange: Exchange) -> None:
        self._calls = calls
        self._queue = queue
        self._request = request
        self._exchange = exchange
        self._begun_s = time.perf_counter()

    def receive(self, answer: Answer) -> None:
        """The queue's: the answer is there."""
        assert isinstance(answer, Reply), "streams are awaited"
        self._calls.end(answer.status, self._begun_s)
        self._exchange.deliver(answer)

    def refuse(self, error: EkibenError) -> None:
        """The queue's: there will be none."""
        self.receive(reply_to(error, self._request.id))

    def cancel(self) -> None:
        """The connection's: the client has gone, or the server cannot wait any longer."""
        self._queue.leave(self.ticket)
        self._calls.end(CLIENT_GONE, self._begun_s)
        self._exchange.deliver(reply_to(Overloaded("the server is stopping"), self._request.id))
