"""The program of one request to an API that is not batchable."""

from __future__ import annotations

from collections.abc import MutableMapping
from itertools import chain

from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.context import BatchMember, Context, Request, Response
from ekiben.serving.execution.program import CALL_FAILURES, Program, invocation_of
from ekiben.serving.failures import failure_reply
from ekiben.serving.payload.folder import RequestFolder
from ekiben.serving.wire import Call, Payload, Reply

_CONTENT_TYPE = "content-type"


def answer_one(endpoint: Endpoint, call: Call, state: MutableMapping[str, object]) -> Program[Reply]:
    """Decodes the request, calls the method, encodes its result; what goes wrong becomes the reply."""
    response = Response()
    with RequestFolder() as folder:
        try:
            arguments = endpoint.input.decode(call.payload, folder)
            context = None
            if endpoint.context_parameter is not None:
                member = BatchMember(Request(call), response, slice(0, 1))
                context = Context(members=(member,), folder=folder, state=state, response=response)
            result = yield invocation_of(endpoint, arguments, context)
            return reply_of(endpoint.output.encode(result), response)
        except CALL_FAILURES as error:
            return failure_reply(error, call)


def reply_of(payload: Payload, *responses: Response) -> Reply:
    """The reply with what the responses add: a later response's status and headers go before an earlier one's."""
    status = next((one.status_code for one in reversed(responses) if one.status_code != 200), 200)
    headers = dict(chain.from_iterable(one.headers.items() for one in responses))
    payload = Payload(headers.pop(_CONTENT_TYPE, payload.content_type), payload.body)
    cookies = (("set-cookie", cookie) for one in responses for cookie in one.cookies)
    return Reply(status, payload, (*headers.items(), *cookies))
