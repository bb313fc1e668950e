"""One API of another service as a method: arguments become a Call, its Answer the result or the error that it says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from ekiben.errors import (
    BadInput,
    CalleeFailed,
    DeadlineExceeded,
    EkibenError,
    Overloaded,
    PayloadTooLarge,
    RequestError,
    ServiceError,
    TooManyRequests,
    UnknownRoute,
    UnsupportedMediaType,
)
from ekiben.serving.calling.caller import Caller, current_caller
from ekiben.serving.calling.link import Link
from ekiben.serving.calling.streams import AsyncItems, SyncItems
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.payload.values import VALUES, decode_values, encode_values
from ekiben.serving.wire import JSON, Call, Payload, Reply

_ERRORS: Mapping[int, type[RequestError]] = {
    kind.http_status: kind
    for kind in (
        BadInput, UnknownRoute, PayloadTooLarge, UnsupportedMediaType, TooManyRequests, CalleeFailed, DeadlineExceeded
    )
}  # fmt: skip
_OK = range(200, 400)


class RemoteApi:
    """One API of the service named `service`."""

    def __init__(self, service: str, endpoint: Endpoint) -> None:
        self.service = service
        self.endpoint = endpoint
        self._label = f"`{service}.{endpoint.name}`"

    def call(self, caller: Caller, arguments: tuple[object, ...], named: Mapping[str, object]) -> Call:
        """The call with these arguments. Raises TypeError as Python does, ServiceError for what cannot be carried."""
        values = self.endpoint.input.by_name(arguments, named, self._label)
        return Call(
            self.endpoint.name,
            self.payload_of(values),
            caller.request_id,
            path=self.endpoint.route,
            headers=caller.headers,
            deadline_s=caller.deadline_s,
        )

    def payload_of(self, values: Mapping[str, object]) -> Payload:
        """The body of a call with these arguments."""
        return encode_values(values, f"an argument of {self._label}")

    async def reply(self, link: Link, call: Call) -> Reply:
        """The answer, in one piece."""
        answer = await link.ask(self.service, call)
        if isinstance(answer, Reply):
            return answer
        chunks = [chunk async for chunk in answer.chunks]
        return Reply(answer.status, Payload(answer.content_type, b"".join(chunks)), answer.headers)

    def items(self, link: Link, call: Call, caller: Caller) -> AsyncItems:
        """The items of the answer, which is asked for when the first of them is."""
        return AsyncItems(lambda: link.ask(self.service, call), lambda reply: self.result(reply, caller))

    def result(self, reply: Reply, caller: Caller) -> object:
        """What the method returned. Raises what it was answered with where that is an error."""
        body = reply.payload.body
        if reply.status not in _OK:
            raise self._error(reply)
        if reply.payload.content_type != VALUES:
            return self._foreign(reply)
        value = decode_values(body, _folder_of(caller))
        output = self.endpoint.output
        return output.read_value(value) if isinstance(output, OutputSpec) else value

    def _foreign(self, reply: Reply) -> object:
        """The result of a server that does not answer with values: JSON, text, or bytes."""
        media_type = reply.payload.content_type.partition(";")[0]
        body = bytes(reply.payload.body)
        if media_type == JSON:
            value = msgspec.json.decode(body)
            return self.endpoint.output.read_value(value) if isinstance(self.endpoint.output, OutputSpec) else value
        return body.decode() if media_type.startswith("text/") else body

    def _error(self, reply: Reply) -> EkibenError:
        said = _said(reply)
        message = f"{self._label}: {said.get('error') or f'status {reply.status}'}"
        detail = said.get("detail")
        hint = detail if isinstance(detail, str) else None
        if reply.status == Overloaded.http_status:
            return Overloaded(message, hint=hint, retry_after_s=_retry_after(reply))
        kind = _ERRORS.get(reply.status)
        if kind is not None:
            return kind(message, hint=hint)
        error = RequestError(message, hint=hint)
        error.http_status = reply.status
        return error


class AsyncMethod:
    """Calls an API of another service; the result is awaited."""

    def __init__(self, api: RemoteApi, link: Link) -> None:
        self.api = api
        self._link = link

    def __call__(self, *arguments: object, **named: object) -> Any:
        """The awaitable result, or an async iterator where the API streams."""
        caller = current_caller()
        call = self.api.call(caller, arguments, named)
        if self.api.endpoint.is_stream:
            return self.api.items(self._link, call, caller)
        return self._answer(call, caller)

    async def _answer(self, call: Call, caller: Caller) -> object:
        return self.api.result(await self.api.reply(self._link, call), caller)


class SyncMethod:
    """Calls an API of another service; the calling thread waits. `loop` is the one that the link is used on."""

    def __init__(self, api: RemoteApi, link: Link, loop: asyncio.AbstractEventLoop) -> None:
        self.api = api
        self._link = link
        self._loop = loop

    def __call__(self, *arguments: object, **named: object) -> Any:
        """The result, or an iterator where the API streams. Raises ServiceError on an event loop, which would stop."""
        if asyncio._get_running_loop() is not None:
            name = f"{self.api.service}.{self.api.endpoint.name}"
            raise ServiceError(
                f"`{name}` was called so that it blocks, by an async method: the server would stop until it answers",
                hint=f"`await ....to_async.{self.api.endpoint.name}(...)`",
            )
        caller = current_caller()
        call = self.api.call(caller, arguments, named)
        if self.api.endpoint.is_stream:
            return SyncItems(self.api.items(self._link, call, caller), self._loop)
        reply = asyncio.run_coroutine_threadsafe(self.api.reply(self._link, call), self._loop).result()
        return self.api.result(reply, caller)


def _folder_of(caller: Caller) -> RequestFolder:
    if caller.folder is None:
        caller.folder = RequestFolder()
    return caller.folder


def _said(reply: Reply) -> Mapping[str, object]:
    try:
        return msgspec.json.decode(reply.payload.body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}


def _retry_after(reply: Reply) -> float:
    said = dict(reply.headers).get("retry-after", "")
    return float(said) if said.isdigit() else 1.0
