"""The five paths of a task, below the route of its API: /submit /status /get /cancel /retry, as BentoML has them."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

import msgspec

from ekiben.errors import BadInput, EkibenError, StoreError
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.failures import reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.tasks.desk import TaskDesk
from ekiben.serving.tasks.rows import TaskRow
from ekiben.serving.wire import JSON, Call, Payload, Reply

logger = logging.getLogger("ekiben.serving")


def task_routes(endpoint: Endpoint, desk: TaskDesk, max_body_bytes: int) -> dict[str, dict[str, Handler]]:
    """The routes of one task API. A submitted call has the headers that were sent only where its method sees them."""
    name, route = endpoint.name, endpoint.route

    async def submit(request: Request) -> Reply:
        body = await request.read(max_body_bytes)
        headers = request.headers() if endpoint.context_parameter is not None else ()
        payload = Payload(request.field(b"content-type"), body)
        call = Call(name, payload, request.id, request.method, route, request.query, headers)
        return _shown(await desk.submit(name, call))

    async def status(request: Request) -> Reply:
        return _shown(await desk.status(name, _task_id(request)))

    async def result(request: Request) -> Reply:
        return await desk.result(name, _task_id(request))

    async def cancel(request: Request) -> Reply:
        return _shown(await desk.cancel(name, _task_id(request)))

    async def retry(request: Request) -> Reply:
        return _shown(await desk.retry(name, _task_id(request)))

    return {
        f"{route}/submit": {"POST": _answered(submit)},
        f"{route}/status": {"GET": _answered(status)},
        f"{route}/get": {"GET": _answered(result)},
        f"{route}/cancel": {"PUT": _answered(cancel)},
        f"{route}/retry": {"POST": _answered(retry)},
    }


def _answered(handler: Callable[[Request], Awaitable[Reply]]) -> Handler:
    async def answer(request: Request) -> Reply:
        try:
            return await handler(request)
        except StoreError as error:
            logger.error("`%s` (request id %s): %s", request.path, request.id, error)
            return reply_to(error, request.id)
        except EkibenError as error:
            return reply_to(error, request.id)

    return answer


def _task_id(request: Request) -> str:
    found = parse_qs(request.query).get("task_id")
    if not found:
        raise BadInput("`task_id` is required", hint="a query parameter: `?task_id=...`")
    return found[-1]


def _shown(row: TaskRow) -> Reply:
    return Reply(200, Payload(JSON, msgspec.json.encode(row.as_json())), (("cache-control", "no-store"),))
