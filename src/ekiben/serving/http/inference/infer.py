"""`InferCalls`: an infer request becomes a request to the API, and its reply a response of the protocol."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from ekiben.errors import EkibenError, ServiceError
from ekiben.serving.failures import reply_to
from ekiben.serving.http.inference.encodings import decompress
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import DirectHandler, Exchange, Handler, UnderWay
from ekiben.serving.oip.media import INFERENCE, Mark, header_length, read_mark
from ekiben.serving.wire import JSON, Answer, Payload, Reply, StreamReply

HEADER_LENGTH = "inference-header-content-length"
_BINARY = "application/octet-stream"
_LENGTH_FIELD = HEADER_LENGTH.encode("ascii")
_ENCODING_FIELD = b"content-encoding"


class InferCalls:
    """Handles the infer requests of one model by one of its names; bodies may have `max_body_bytes`, unpacked."""

    def __init__(self, calls: Handler, mark: Mark, max_body_bytes: int) -> None:
        self._calls = calls
        self._direct = calls if isinstance(calls, DirectHandler) else None
        self._mark = mark
        self._max_body_bytes = max_body_bytes

    def begin(self, request: Request, exchange: Exchange) -> UnderWay | None:
        """Queues the request; None where it has to be awaited."""
        if self._direct is None or _ENCODING_FIELD in request.fields:
            return None
        try:
            marked = self._marked(request)
        except EkibenError:
            return None
        return self._direct.begin(marked, _InferExchange(exchange, request.id))

    async def __call__(self, request: Request) -> Answer:
        """The response, or an error as the protocol has it."""
        try:
            if encoding := request.field(_ENCODING_FIELD):
                packed = await request.read(self._max_body_bytes)
                request = replace(request, body=decompress(packed, encoding, self._max_body_bytes))
            marked = self._marked(request)
        except EkibenError as error:
            return error_of(reply_to(error, request.id))
        answer = await self._calls(marked)
        assert not isinstance(answer, StreamReply), "what streams is no model"
        return response_of(answer, request.id)

    def _marked(self, request: Request) -> Request:
        """The same request, its body marked as one of the protocol. Raises BadInput."""
        mark = msgspec.structs.replace(self._mark, header_bytes=header_length(request.field(_LENGTH_FIELD)))
        return replace(request, fields={**request.fields, b"content-type": str(mark).encode("ascii")})


class _InferExchange:
    """Delivers the API's reply as a response."""

    __slots__ = ("_exchange", "_request_id")

    def __init__(self, exchange: Exchange, request_id: str) -> None:
        self._exchange = exchange
        self._request_id = request_id

    def deliver(self, reply: Reply) -> None:
        """Sends the response."""
        self._exchange.deliver(response_of(reply, self._request_id))


def response_of(reply: Reply, request_id: str) -> Reply:
    """What the protocol has for an API's reply."""
    payload = reply.payload
    if not payload.content_type.startswith(INFERENCE):
        if reply.status < 300:
            why = ServiceError("the API sets a content type of its own, for which its reply as tensors has no place")
            return error_of(reply_to(why, request_id))
        return error_of(reply)
    size = read_mark(payload.content_type).header_bytes
    if not size:
        return Reply(reply.status, Payload(JSON, payload.body), reply.headers)
    headers = (*reply.headers, (HEADER_LENGTH, str(size)))
    return Reply(reply.status, Payload(_BINARY, payload.body), headers)


def error_of(reply: Reply) -> Reply:
    """The reply with the protocol's body of errors: `{"error": ...}`, in one text."""
    return Reply(reply.status, Payload(JSON, msgspec.json.encode({"error": error_text(reply)})), reply.headers)


def error_text(reply: Reply) -> str:
    """What a reply says is wrong: message and detail."""
    try:
        body = msgspec.json.decode(reply.payload.body, type=_ErrorBody)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # a body of the service's own
        return bytes(reply.payload.body).decode("utf-8", "replace")
    return f"{body.error}; {body.detail}" if body.detail else body.error


class _ErrorBody(msgspec.Struct):
    error: str
    detail: str | None = None
