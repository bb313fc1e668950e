"""Which workers a server gets: of which kind, how many, and with what environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ekiben.errors import SettingsError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.calling.binding import Binding
from ekiben.serving.calling.link import Link
from ekiben.serving.config.cpus import thread_caps, usable_cores
from ekiben.serving.config.devices import VISIBLE, Device, assign_devices, list_gpus, visible_devices
from ekiben.serving.config.server import ServerConfig
from ekiben.serving.config.values import Isolation
from ekiben.serving.declare.service import Service
from ekiben.serving.execution.executor import Executor
from ekiben.serving.metrics.ledger import WorkerLedger
from ekiben.serving.metrics.registry import UserRegistry
from ekiben.serving.target import Target
from ekiben.serving.variables import WORKER_VARIABLE
from ekiben.serving.workers.bringup import bring_up
from ekiben.serving.workers.lifetime import Lifetime
from ekiben.serving.workers.local import LocalWorker
from ekiben.serving.workers.messages import Start
from ekiben.serving.workers.pool import PoolPlan
from ekiben.serving.workers.process import ProcessWorker
from ekiben.serving.workers.worker import Worker

logger = logging.getLogger("ekiben.serving")


@dataclass(slots=True)
class DeviceShelf:
    """What the services of one server share: whole devices, each of which one of them gets; a page of measures."""

    given_away: set[str] = field(default_factory=set)
    measures_here: bool = False

    def left_of(self, devices: Sequence[Device]) -> list[Device]:
        """Those that no service was given whole."""
        return [one for one in devices if one.name not in self.given_away]


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """All that is needed to run one service. `environ` is what worker processes inherit.

    `link` is its way to others, `shelf` what the services of its server share. `is_apart`: it is to have processes of
    its own unless the configuration says otherwise.
    """

    target: Target
    service: Service
    config: ServerConfig
    environ: Mapping[str, str]
    link: Link
    shelf: DeviceShelf
    is_apart: bool = False

    def batching(self) -> dict[str, BatchOptions]:
        """How each batchable API is batched, by name."""
        found = {one.name: self.config.batch_options(one.name, one.batch) for one in self.service.endpoints.values()}
        return {name: options for name, options in found.items() if options is not None}

    def longest_s(self) -> float:
        """How long a call may run before its worker is taken to hang: tasks take longer than requests."""
        default_s = self.config.tasks_timeout_s.value
        tasks = [one.task for one in self.service.endpoints.values() if one.task is not None]
        return max([self.config.timeout_s.value, *(one.timeout_s or default_s for one in tasks)])


def pool_plan(plan: ServicePlan, ledger: WorkerLedger) -> PoolPlan:
    """The pool that the configuration asks for; what its workers measure goes to `ledger`.

    Raises ServiceError where the machine has too few devices, SettingsError where keys contradict each other.
    """
    config = plan.config
    workers, threads = config.workers.value, config.threads.value
    lifetime = Lifetime(config.max_requests.value, config.max_age_s.value, config.max_memory_bytes.value)
    devices = _devices(plan)
    is_choosy = devices is not None and devices.leaves_some
    wants_process = is_choosy or plan.is_apart
    if is_isolated(config.isolation.value, workers, lifetime, wants_process=wants_process):
        make_worker = _process_worker(plan, ledger, devices)
    else:
        make_worker = _local_worker(plan, ledger)
        if devices is not None:
            os.environ[VISIBLE] = devices.of(1)
    return PoolPlan(make_worker, workers, threads, plan.longest_s(), lifetime, plan.service.name)


def is_isolated(isolation: Isolation, workers: int, lifetime: Lifetime, *, wants_process: bool) -> bool:
    """Whether workers are processes of their own; `wants_process` where they are better off so.

    They are where one may see only a part of the devices: that part is set before the process begins, as code that the
    server has imported may have looked at them already.
    Raises SettingsError where `isolation` forbids what the rest needs.
    """
    needs = [f"`workers` is {workers}"] if workers > 1 else []
    if lifetime.is_bounded:
        needs.append("`lifetime` replaces workers")
    if isolation == "none" and needs:
        hint = "leave `isolation` at `auto`"
        raise SettingsError(f"`isolation: none` keeps the service in the server's process, but {needs[0]}", hint=hint)
    return isolation == "process" or bool(needs) or (isolation == "auto" and wants_process)


@dataclass(frozen=True, slots=True)
class _Devices:
    """The devices of each worker, and whether there are others besides one worker's."""

    of_workers: Sequence[tuple[str, ...]]
    leaves_some: bool

    def of(self, number: int) -> str:
        """The value of CUDA_VISIBLE_DEVICES for the worker of this number, from 1."""
        return ",".join(self.of_workers[number - 1])


def _devices(plan: ServicePlan) -> _Devices | None:
    request = plan.config.gpus.value
    if request is None:
        return None
    there = plan.shelf.left_of(visible_devices(plan.environ, list_gpus))
    assigned = assign_devices(request, there, plan.config.workers.value)
    if request.count >= 1:
        plan.shelf.given_away.update(name for names in assigned for name in names)
    devices = _Devices(assigned, leaves_some=len(assigned[0]) < len(there))
    for number in range(1, len(assigned) + 1):
        logger.info("worker %d of `%s`: %s=%s", number, plan.service.name, VISIBLE, devices.of(number))
    return devices


def _local_worker(plan: ServicePlan, ledger: WorkerLedger) -> Callable[[int], Worker]:
    config = plan.config

    def bring_service_up() -> Awaitable[Executor]:
        return bring_up(
            Binding(plan.service, plan.link),
            threads=config.threads.value,
            batching=plan.batching(),
            warms_up=config.warms_up.value,
        )

    if not plan.shelf.measures_here:  # the process has one registry, whichever service measures there
        plan.shelf.measures_here = True
        ledger.measure_here(UserRegistry().read)
    return lambda _: LocalWorker(bring_service_up)


def _process_worker(plan: ServicePlan, ledger: WorkerLedger, devices: _Devices | None) -> Callable[[int], Worker]:
    bento = plan.target.bento
    config = plan.config
    start = Start(
        service=plan.target.service,
        member=plan.target.member,
        root=str(plan.target.root),
        bento=str(bento) if bento is not None else None,
        threads=config.threads.value,
        batching=plan.batching(),
        log_level=config.log_level.value,
        log_format=config.log_format.value,
        warms_up=config.warms_up.value,
    )
    caps = thread_caps(plan.environ, cores=usable_cores(), workers=config.workers.value, most=config.cpus.value)
    environ = {**plan.environ, **caps}

    def make(number: int) -> Worker:
        own = {WORKER_VARIABLE: f"{number} {plan.service.name}"}
        if devices is not None:
            own[VISIBLE] = devices.of(number)
        return ProcessWorker(start, {**environ, **own}, ledger.open(number), plan.link)

    return make
