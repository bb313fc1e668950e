"""The tasks of a station as the front has them, and their five paths below the route of each API: BentoML's."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs

import msgspec

from ekiben.errors import BadInput, EkibenError, StoreError
from ekiben.serving.composition.station import Station
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.declare.task_options import TaskOptions
from ekiben.serving.failures import reply_to
from ekiben.serving.http.request import Request
from ekiben.serving.http.routes import Handler
from ekiben.serving.metrics.tasks import TaskMetrics
from ekiben.serving.tasks.desk import TaskDesk
from ekiben.serving.tasks.job import Job, room_of
from ekiben.serving.tasks.opening import Tasks, queue_plan
from ekiben.serving.tasks.rows import TaskRow, TaskStatus
from ekiben.serving.tasks.runner import TaskObserver
from ekiben.serving.wire import JSON, Call, Payload, Reply

logger = logging.getLogger("ekiben.serving")


class StationTasks(Tasks):
    """With `routes`, for the front."""

    def __init__(
        self,
        station: Station,
        jobs: Mapping[str, Job],
        observer: TaskObserver,
        is_ready: Callable[[], bool],
    ) -> None:
        config = station.plan.config
        plan = queue_plan(station.name, config)
        super().__init__(list(jobs.values()), plan, observer, is_ready, drain_s=config.drain_s.value)
        self.routes: dict[str, dict[str, Handler]] = {}
        for name in jobs:
            endpoint = station.plan.service.endpoints[name]
            self.routes |= task_routes(endpoint, self.desk, config.max_body_bytes.value)


def make_tasks(station: Station, is_ready: Callable[[], bool]) -> StationTasks:
    """The tasks of a station, run while `is_ready()`, and counted among what it counts."""
    jobs = {}
    for name, endpoint in station.plan.service.endpoints.items():
        if endpoint.task is not None:
            jobs[name] = _job(station, endpoint, endpoint.task)
    metrics = TaskMetrics(jobs, [one.value for one in TaskStatus], station.metrics.bounds)
    station.metrics.add(metrics.families)
    return StationTasks(station, jobs, metrics, is_ready)


def _job(station: Station, endpoint: Endpoint, options: TaskOptions) -> Job:
    config = station.plan.config
    batching = config.batch_options(endpoint.name, endpoint.batch)
    room = room_of(
        is_async=endpoint.is_async,
        batch_size=None if batching is None else batching.max_batch_size,
        workers=config.workers.value,
        threads=config.threads.value,
    )
    return Job(
        endpoint.name,
        options,
        timeout_s=options.timeout_s or config.tasks_timeout_s.value,
        answer=station.task_way_of(endpoint),
        is_async=endpoint.is_async,
        room=config.tasks_concurrency.value or room,
    )


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
