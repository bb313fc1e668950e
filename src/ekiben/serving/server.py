"""The server process: reads the configuration, brings the workers up, listens, and drains when told to stop.

What the service leaves running (a thread that hangs, a coroutine that clings) is left behind: the process ends in any
case, CLOSING_S after the drain at the latest.

It listens before the service is up, so that `/livez` answers while a model loads; `/readyz` tells when it is.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass

from ekiben.serving.composition.opening import ServerPlan, open_stations
from ekiben.serving.composition.plan import compose, load_configs
from ekiben.serving.composition.stations import Stations
from ekiben.serving.config.cpus import thread_caps, usable_cores
from ekiben.serving.config.keys import KEYS
from ekiben.serving.config.server import ConfigSources, ServerConfig
from ekiben.serving.declare.graph import member_of
from ekiben.serving.declare.hooks import run_deployment_hooks
from ekiben.serving.declare.server_context import server_context
from ekiben.serving.declare.service import Service
from ekiben.serving.grpc.opening import GrpcListener, open_grpc
from ekiben.serving.healthcheck import announce
from ekiben.serving.http.access import AccessLog
from ekiben.serving.http.front import Front, FrontParts
from ekiben.serving.http.h1.listener import HttpServer, address_of, listen, url_of
from ekiben.serving.http.h1.state import ServerState
from ekiben.serving.http.h1.tls import scheme_of, tls_context
from ekiben.serving.importing import import_service
from ekiben.serving.interpreter import freeze_loaded, load_bento, run
from ekiben.serving.logs import LogFormat, configure_logging
from ekiben.serving.observing import open_access_log
from ekiben.serving.options import ServeOptions
from ekiben.serving.reload import serve_and_reload
from ekiben.serving.stopping import StopSignals, end_now
from ekiben.serving.target import Target

logger = logging.getLogger("ekiben.serving")

CLOSING_S = 10  # seconds from the end of the drain to the end of the process: hooks get STOP_S of them
STRAGGLER_S = 1.0  # seconds that cancelled batches and tasks get to end
IMAGE_HOST = "0.0.0.0"  # inside a container, loopback reaches nobody


def serve(target: Target, options: ServeOptions) -> int:
    """Serves `target` until a signal ends it; gives the exit status.

    Raises EkibenError where it cannot begin: the service does not import or start, a value cannot be used, the port is
    taken.
    """
    if options.is_reloading:
        return serve_and_reload(command_of(target, options), target.bento or target.root)
    if target.bento is not None:
        load_bento(str(target.bento))
    for name, value in target.variables.items():
        os.environ.setdefault(name, value)
    environ = dict(os.environ)
    os.environ.update(thread_caps(environ, cores=usable_cores()))  # before the service loads what reads them
    server_context.begin()
    service = import_service(target.service, target.root)
    if target.member is not None:
        service = member_of(service, target.member)
    server_context.begin(service.name)
    composition = compose(service, os.environ, is_alone=target.is_alone)
    configs = load_configs(composition, _sources(target, service, options, os.environ))
    config = configs[service.name]
    if options.is_printing_config:
        print(config_tables(configs))
        return 0
    configure_logging(config.log_level.value, config.log_format.value)
    _check_temporary_folder()
    for one in composition.services.values():
        run_deployment_hooks(one.inner)
    with listen(config.host.value, config.port.value) as listener:
        return run(_run(ServerPlan(target, composition, configs, environ), listener))


def _check_temporary_folder() -> None:
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        logger.warning(
            "no folder for temporary files can be written: APIs that take files will fail; mount one at /tmp"
        )


def command_of(target: Target, options: ServeOptions) -> list[str]:
    """The command that serves the same in a process of its own, without `--reload`."""
    place = ["--bento", str(target.bento)] if target.bento is not None else ["--root", str(target.root)]
    overrides = {key.path: key.option for key in KEYS if key.option is not None}
    given = [f"--{overrides[path]}={value}" for path, value in options.overrides.items() if value is not True]
    switches = [f"--{overrides[path]}" for path, value in options.overrides.items() if value is True]
    service = [target.service] if target.bento is None else []
    if target.member is not None:
        service += ["--service", target.member]
    elif target.bento is not None:
        service += ["--service", target.service]
    return [sys.executable, "-P", "-m", "ekiben.serving", *service, *place, *given, *switches]


def config_tables(configs: Mapping[str, ServerConfig]) -> str:
    """The table of the first service, and under their names those of the services that it calls."""
    first, *others = configs.values()
    names = list(configs)[1:]
    titled = (f"\n[{name}]\n{config_table(one)}" for name, one in zip(names, others, strict=True))
    return "\n".join([config_table(first), *titled])


def config_table(config: ServerConfig) -> str:
    """Key, value and source of every configured value, in columns."""
    rows = [("key", "value", "source"), *config.rows()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {source}" for key, value, source in rows)


def _sources(target: Target, service: Service, options: ServeOptions, environ: Mapping[str, str]) -> ConfigSources:
    return ConfigSources(
        service=service.name,
        folder=target.root,
        declared=service.config,
        environ=environ,
        overrides=options.overrides,
        other_services=target.other_services,
        image_host=IMAGE_HOST if target.is_image else None,
    )


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is brought up and down together."""

    stations: Stations
    front: Front
    http: HttpServer
    grpc: GrpcListener | None
    access_log: AccessLog | None

    async def start(self) -> None:
        """Returns when requests can be answered. Raises EkibenError where the service cannot be brought up."""
        if self.grpc is not None:
            await self.grpc.start()
        await self.front.start()
        await self.stations.start()

    def begin_stop(self) -> None:
        """Takes no more; what is under way is finished."""
        self.front.begin_closing()
        self.http.stop()
        if self.grpc is not None:
            self.grpc.begin_stop()

    async def close(self) -> bool:
        """Ends what the drain has left; whether some of the service's work goes on in spite of it."""
        if self.grpc is not None:
            await self.grpc.close()
        try:
            await asyncio.wait_for(self.front.close(), STRAGGLER_S)
            is_leaving_work = self.stations.is_busy()
        except TimeoutError:
            is_leaving_work = True
        await asyncio.gather(self.stations.stop(), self.front.stop_apps())
        if self.access_log is not None:
            self.access_log.close()
        return is_leaving_work


def _make_parts(plan: ServerPlan) -> _Parts:
    config = plan.config
    stations = open_stations(plan)
    metrics = stations.entry.metrics
    front = Front(FrontParts(stations, plan.target.version))
    access_log = open_access_log(plan.entry, config)
    log_access = access_log.record if access_log is not None else None
    loop = asyncio.get_running_loop()
    state = ServerState(front.answer, front.connection_limits, loop, log_access, front.begin, front.find_socket)
    metrics.readings.connections = lambda: len(state.connections)
    if access_log is not None:
        metrics.readings.dropped_lines = lambda: access_log.dropped
    http = HttpServer(state, drain_s=config.drain_s.value, tls=tls_context(config), backlog=config.backlog.value)
    by_grpc = open_grpc(front.inference, config, log_access)
    if by_grpc is not None and plan.entry.middlewares:
        logger.warning("requests by gRPC do not pass the middlewares of `%s`, which are HTTP's", plan.entry.name)
    return _Parts(stations, front, http, by_grpc, access_log)


async def _run(plan: ServerPlan, listener: socket.socket) -> int:
    config = plan.config
    parts = _make_parts(plan)
    stop = StopSignals(parts.begin_stop, ends_within_s=math.ceil(config.drain_s.value) + CLOSING_S)
    announce(*address_of(listener), scheme=scheme_of(parts.http.tls))
    # Asked now: a stop may close the listener before every worker is up.
    url = url_of(listener, is_secure=parts.http.tls is not None)
    serving = asyncio.create_task(parts.http.serve(listener))
    starting = asyncio.create_task(parts.start())
    try:
        await asyncio.wait([serving, starting], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            freeze_loaded()
            places = url if parts.grpc is None else f"{url} and by gRPC at {parts.grpc.address}"
            _say(f"serving `{plan.entry.name}` at {places} ({_workers_in_words(plan)})", config.log_format.value)
        await serving
        await parts.front.drain_tasks()
    finally:
        parts.http.stop()
        has_started = starting.done()
        starting.cancel()
        await asyncio.gather(serving, starting, return_exceptions=True)
        is_leaving_work = await parts.close() or not has_started
    if is_leaving_work or await _leaves_tasks():
        end_now(stop.status)
    return stop.status


async def _leaves_tasks() -> bool:
    """Cancels what still runs; whether some of it does not end."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    return bool(tasks) and bool((await asyncio.wait(tasks, timeout=STRAGGLER_S))[1])


def _workers_in_words(plan: ServerPlan) -> str:
    workers, threads = plan.config.workers.value, plan.config.threads.value
    words = f"{workers} worker{'s' if workers > 1 else ''}, {threads} thread{'s' if threads > 1 else ''} each"
    others = [f"`{name}` x {one.workers.value}" for name, one in list(plan.configs.items())[1:]]
    far = [f"`{name}` elsewhere" for name in plan.composition.urls]
    return "; with ".join([words, ", ".join([*others, *far])] if others or far else [words])


def _say(message: str, form: LogFormat) -> None:
    """Tells whoever started the server; a log of objects holds nothing else."""
    if form == "json":
        logger.info("ekiben: %s", message)
    else:
        print(f"ekiben: {message}", file=sys.stderr, flush=True)
