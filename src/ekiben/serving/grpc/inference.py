"""`Inference`: the calls of the protocol, each answered as its route of HTTP is."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from ekiben.errors import EkibenError
from ekiben.serving.failures import reply_to
from ekiben.serving.grpc.messages import HEALTH, HEALTH_SERVICE, MESSAGES, SERVICE
from ekiben.serving.grpc.requests import write_body
from ekiben.serving.grpc.responses import read_body
from ekiben.serving.grpc.statuses import code_of
from ekiben.serving.grpc.stream import answers_in_order
from ekiben.serving.http.access import LogAccess
from ekiben.serving.http.inference.infer import error_text, response_of
from ekiben.serving.http.inference.models import Models
from ekiben.serving.http.request import Request, request_id
from ekiben.serving.oip.media import INFERENCE, Mark
from ekiben.serving.oip.metadata import model_metadata, repository_index, server_metadata
from ekiben.serving.wire import Reply, StreamReply

_PATH = f"/{SERVICE}/ModelInfer"
_SERVING, _NOT_SERVING = 1, 2


class Refused(Exception):
    """A reply that is no success, on its way to a status."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(error_text(reply))
        self.reply = reply


class Inference:
    """Answers for the models of one server; `log_access` is told of each request to one of them."""

    def __init__(self, models: Models, log_access: LogAccess | None = None) -> None:
        self._models = models
        self._log_access = log_access

    def handlers(self) -> tuple[grpc.GenericRpcHandler, ...]:
        """What grpcio's server is given."""
        unary = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "RepositoryIndex": self._repository_index,
            "ModelInfer": self._infer,
        }
        methods = {name: _unary(_refusing(call), MESSAGES[f"{name}Request"]) for name, call in unary.items()}
        methods["ModelStreamInfer"] = grpc.stream_stream_rpc_method_handler(
            self._stream, MESSAGES["ModelInferRequest"].FromString, _serialize
        )
        health = {"Check": _unary(_refusing(self._check), HEALTH["HealthCheckRequest"])}
        return (
            grpc.method_handlers_generic_handler(SERVICE, methods),
            grpc.method_handlers_generic_handler(HEALTH_SERVICE, health),
        )

    async def _server_live(self, _: Any, __: Any) -> Any:
        return MESSAGES["ServerLiveResponse"](live=self._models.is_alive())

    async def _server_ready(self, _: Any, __: Any) -> Any:
        return MESSAGES["ServerReadyResponse"](ready=self._models.is_ready())

    async def _model_ready(self, message: Any, _: Any) -> Any:
        self._models.find(message.name, message.version)
        return MESSAGES["ModelReadyResponse"](ready=self._models.is_ready())

    async def _server_metadata(self, _: Any, __: Any) -> Any:
        return MESSAGES["ServerMetadataResponse"](**server_metadata())

    async def _model_metadata(self, message: Any, _: Any) -> Any:
        served = self._models.find(message.name, message.version)
        return MESSAGES["ModelMetadataResponse"](**model_metadata(served.name, served.model, self._models.version))

    async def _repository_index(self, message: Any, _: Any) -> Any:
        models = self._models
        is_ready = models.is_ready()
        index = repository_index(models.service, models.all, models.version, is_ready=is_ready)
        return MESSAGES["RepositoryIndexResponse"](models=index if is_ready or not message.ready else [])

    async def _check(self, _: Any, __: Any) -> Any:
        return HEALTH["HealthCheckResponse"](status=_SERVING if self._models.is_ready() else _NOT_SERVING)

    async def _infer(self, message: Any, context: Any) -> Any:
        """The response. Raises EkibenError, Refused."""
        served = self._models.find(message.model_name, message.model_version)
        head_bytes, body = write_body(message)
        mark = Mark(head_bytes, served.name, self._models.version)
        request = _request_of(context, mark, body)
        begun_s = time.perf_counter()
        answer = await served.calls(request)
        assert not isinstance(answer, StreamReply), "what streams is no model"
        if self._log_access is not None:
            self._log_access(request, answer.status, len(answer.payload.body), time.perf_counter() - begun_s)
        if answer.status >= 300 or not answer.payload.content_type.startswith(INFERENCE):
            raise Refused(response_of(answer, request.id))
        is_raw = bool(message.raw_input_contents)
        return read_body(answer.payload, served.name, self._models.version, is_raw=is_raw)

    async def _stream(self, messages: Any, context: Any) -> Any:
        """Triton's stream: one answer for each request, an error told in its place."""
        async for answer in answers_in_order(messages, lambda message: self._told(message, context)):
            yield answer

    async def _told(self, message: Any, context: Any) -> Any:
        try:
            response = await self._infer(message, context)
        except (EkibenError, Refused) as error:
            return MESSAGES["ModelStreamInferResponse"](
                error_message=str(error), infer_response=MESSAGES["ModelInferResponse"](id=message.id)
            )
        return MESSAGES["ModelStreamInferResponse"](infer_response=response)


def _request_of(context: Any, mark: Mark, body: bytes) -> Request:
    """The call as a request of HTTP: its metadata are the headers."""
    given = [(name, value) for name, value in context.invocation_metadata() or () if isinstance(value, str)]
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in given]
    fields = {**dict(headers), b"content-type": str(mark).encode("ascii")}
    number = request_id(fields.get(b"x-request-id"))
    return Request("POST", _PATH, "", headers, fields, body, number, _PATH.encode("ascii"))


def _refusing(call: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Awaitable[Any]]:
    """The call, ended by a status where it raises."""

    async def answer(message: Any, context: Any) -> Any:
        try:
            return await call(message, context)
        except EkibenError as error:
            reply = reply_to(error, "")
        except Refused as error:
            reply = error.reply
        metadata = tuple((name, value) for name, value in reply.headers if name == "retry-after")
        await context.abort(code_of(reply.status), error_text(reply), metadata)
        raise AssertionError("it was aborted")

    return answer


def _unary(call: Callable[[Any, Any], Awaitable[Any]], request: Any) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(call, request.FromString, _serialize)


def _serialize(message: Any) -> bytes:
    serialized: bytes = message.SerializeToString()
    return serialized
