"""Brings a service up in this process: its instance, its executor, its start-up hooks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from ekiben.errors import EkibenError, ServiceError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.calling.binding import Binding
from ekiben.serving.declare.server_context import server_context
from ekiben.serving.execution.executor import Executor
from ekiben.serving.execution.program import USER_FAILURES, Escape, call_contained
from ekiben.serving.failures import is_own_end

logger = logging.getLogger("ekiben.serving")


async def bring_up(
    binding: Binding, *, threads: int, batching: Mapping[str, BatchOptions], warms_up: bool = True
) -> Executor:
    """The executor of a new instance, started and, with `warms_up`, warm. The loop stays free while a model loads.

    Raises ServiceError where the service's own code fails; its traceback is logged.
    """
    service = binding.service
    try:
        instance = await asyncio.to_thread(call_contained, binding.make_instance)
        server_context.add(service.name, instance)
        executor = Executor(service, instance, threads=threads, batching=batching, warms_up=warms_up)
        await executor.start()
    except EkibenError:
        raise
    except USER_FAILURES as error:
        if is_own_end(error):
            raise
        logger.exception("the service %s failed to start", service.name)
        cause = error.__cause__ if isinstance(error, Escape) else error
        raise ServiceError(f"`{service.name}` failed to start: {type(cause).__name__}: {cause}") from error
    return executor
