"""Which workers a server gets: of which kind, how many, and with what environment."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ekiben.serving.config.cpus import usable_cores
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.declare.options import BatchOptions
from ekiben.serving.declare.service import Service
from ekiben.serving.execution.executor import Executor
from ekiben.serving.metrics.ledger import WorkerLedger
from ekiben.serving.metrics.registry import UserRegistry
from ekiben.serving.target import Target
from ekiben.serving.workers.bringup import bring_up
from ekiben.serving.workers.local import LocalWorker
from ekiben.serving.workers.messages import Start
from ekiben.serving.workers.pool import PoolPlan
from ekiben.serving.workers.process import ProcessWorker, child_environment
from ekiben.serving.workers.worker import Worker


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """All that a server process needs to know."""

    target: Target
    service: Service
    config: ServerConfig

    def batching(self) -> dict[str, BatchOptions]:
        """How each batchable API is batched, by name."""
        found = {one.name: self.config.batch_options(one.name, one.batch) for one in self.service.endpoints.values()}
        return {name: options for name, options in found.items() if options is not None}


def pool_plan(plan: ServerPlan, ledger: WorkerLedger) -> PoolPlan:
    """The pool that the configuration asks for; what its workers measure goes to `ledger`."""
    config = plan.config
    workers, threads = config.workers.value, config.threads.value
    make_worker = _local_worker(plan, ledger) if workers == 1 else _process_worker(plan, ledger)
    return PoolPlan(make_worker, workers, threads, config.timeout_s.value)


def _local_worker(plan: ServerPlan, ledger: WorkerLedger) -> Callable[[int], Worker]:
    config = plan.config

    def bring_service_up() -> Awaitable[Executor]:
        return bring_up(
            plan.service,
            threads=config.threads.value,
            batching=plan.batching(),
            warms_up=config.warms_up.value,
        )

    ledger.measure_here(UserRegistry().read)

    def make(_: int) -> Worker:
        return LocalWorker(bring_service_up)

    return make


def _process_worker(plan: ServerPlan, ledger: WorkerLedger) -> Callable[[int], Worker]:
    bento = plan.target.bento
    config = plan.config
    start = Start(
        service=plan.target.service,
        root=str(plan.target.root),
        bento=str(bento) if bento is not None else None,
        threads=config.threads.value,
        batching=plan.batching(),
        log_level=config.log_level.value,
        log_format=config.log_format.value,
        warms_up=config.warms_up.value,
    )
    environ = child_environment(os.environ, cores=usable_cores(), workers=config.workers.value)
    return lambda number: ProcessWorker(start, environ, ledger.open(number))
