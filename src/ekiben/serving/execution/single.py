"""The program of one request to an API that is not batchable, and what it shares with one that streams."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from itertools import chain

from ekiben.serving.calling.caller import CALLER
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import BatchMember, Context, Request, Response
from ekiben.serving.execution.program import CALL_FAILURES, Invocation, Program, invocation_of
from ekiben.serving.failures import failure_reply
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.payload.output import OutputSpec
from ekiben.serving.wire import Call, Payload, Reply

_CONTENT_TYPE = "content-type"


def answer_one(endpoint: Endpoint, call: Call, state: MutableMapping[str, object]) -> Program[Reply]:
    """Decodes the request, calls the method, encodes its result; what goes wrong becomes the reply."""
    assert isinstance(endpoint.output, OutputSpec), "a stream has no one result"
    response = None if endpoint.context_parameter is None else Response()
    with RequestFolder() as folder:
        try:
            result = yield prepare(endpoint, call, folder, response, state)
            payload = endpoint.output.encode(result, call.payload)
            return Reply(200, payload) if response is None else reply_of(payload, response)
        except CALL_FAILURES as error:
            return failure_reply(error, call)


def prepare(
    endpoint: Endpoint, call: Call, folder: RequestFolder, response: Response | None, state: MutableMapping[str, object]
) -> Invocation:
    """The call of the method for one request, decoded. Raises RequestError for a body that cannot be read.

    A method that takes a context writes to `response`.
    """
    arguments = endpoint.input.decode(call.payload, folder)
    if (caller := CALLER.get()) is not None:
        caller.folder = folder
    context = None
    if endpoint.context_parameter is not None and response is not None:
        member = BatchMember(Request(call), response, slice(0, 1))
        context = Context(members=(member,), folder=folder, state=state, response=response)
    return invocation_of(endpoint, arguments, context)


@dataclass(frozen=True, slots=True)
class ReplyHead:
    """What stands before a body."""

    status: int
    content_type: str
    headers: tuple[tuple[str, str], ...]


def head_of(content_type: str, *responses: Response) -> ReplyHead:
    """The head with what the responses add: a later response's status and headers go before an earlier one's."""
    status = next((one.status_code for one in reversed(responses) if one.status_code != 200), 200)
    headers = dict(chain.from_iterable(one.headers.items() for one in responses))
    content_type = headers.pop(_CONTENT_TYPE, content_type)
    cookies = (("set-cookie", str(cookie)) for one in responses for cookie in one.cookies)
    return ReplyHead(status, content_type, (*headers.items(), *cookies))


def reply_of(payload: Payload, *responses: Response) -> Reply:
    """The reply with what the responses add to its head."""
    head = head_of(payload.content_type, *responses)
    return Reply(head.status, Payload(head.content_type, payload.body), head.headers)
