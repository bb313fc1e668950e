"""`@task`: an API whose calls may also be put into a queue that outlives the server, and asked for later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from ekiben.errors import ServiceError
from ekiben.serving.batching.options import DEFAULT_MAX_BATCH_SIZE, Strategy
from ekiben.serving.declare.api import DEFAULT_LATENCY_MS, api, mark_task
from ekiben.serving.declare.signature import place_of
from ekiben.serving.declare.task_options import DEFAULT_BACKOFF_S, DEFAULT_MAX_ATTEMPTS, TaskOptions

Method = TypeVar("Method", bound=Callable[..., object])


@overload
def task(func: Method, /) -> Method: ...


@overload
def task(
    func: None = None,
    /,
    *,
    timeout: float | None = None,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    retry_failed: bool = False,
    backoff: float = DEFAULT_BACKOFF_S,
    route: str | None = None,
    name: str | None = None,
    input_spec: object = None,
    output_spec: object = None,
    batchable: bool = False,
    batch_dim: int | tuple[int, int] = 0,
    max_batch_size: int = DEFAULT_MAX_BATCH_SIZE,
    max_latency_ms: float = DEFAULT_LATENCY_MS,
    deadline_ms: float | None = None,
    idempotent: bool = True,
    strategy: Strategy = "adaptive",
    example: Mapping[str, object] | None = None,
) -> Callable[[Method], Method]: ...


def task(
    func: Method | None = None,
    /,
    *,
    timeout: float | None = None,
    max_attempts: int = DEFAULT_MAX_ATTEMPTS,
    retry_failed: bool = False,
    backoff: float = DEFAULT_BACKOFF_S,
    idempotent: bool = True,
    **options: Any,
) -> Method | Callable[[Method], Method]:
    """Makes a method an API, as `@api` does with the same `options`, and a task: `/submit`, `/status`, `/get`,
    `/cancel` and `/retry` below its route.

    A task whose worker or server died is begun again, `max_attempts` times in all; with `idempotent=False` it fails
    instead, and so is begun once at most. `retry_failed` begins those again, too, that raised or ended with a status of
    500 or more: after `backoff` seconds, and twice as long after each further attempt. A run has `timeout` seconds, by
    default those of `tasks.timeout`. Raises ServiceError where the declaration cannot be served.
    """

    def mark(method: Method) -> Method:
        place = place_of(method)
        declared = TaskOptions(timeout, max_attempts, idempotent, retry_failed, backoff)
        _check(declared, place)
        return mark_task(api(idempotent=idempotent, **options)(method), declared)

    return mark if func is None else mark(func)


def _check(options: TaskOptions, place: str) -> None:
    timeout_s = options.timeout_s
    wrong = [
        (timeout_s is not None and timeout_s <= 0, f"`timeout={timeout_s}`", "seconds above 0, or None"),
        (options.max_attempts < 1, f"`max_attempts={options.max_attempts}`", "a whole number, 1 or more"),
        (options.backoff_s <= 0, f"`backoff={options.backoff_s}`", "seconds above 0"),
        (
            options.retries_failed and not options.is_idempotent,
            "`retry_failed=True` with `idempotent=False`",
            "what may be run once at most cannot be tried again",
        ),
    ]
    for is_wrong, what, remedy in wrong:
        if is_wrong:
            raise ServiceError(f"{place}: {what} cannot be used", hint=remedy)
