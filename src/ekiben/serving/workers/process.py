"""`ProcessWorker`: a child process that runs the service, seen from the front. It is started once and never revived."""

from __future__ import annotations

import asyncio
import itertools
import socket
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from functools import partial
from typing import assert_never

from ekiben.errors import ServiceError
from ekiben.serving.batching.batch import Audience
from ekiben.serving.wire import Call, Reply
from ekiben.serving.workers.channel import Channel, open_channel
from ekiben.serving.workers.messages import (
    Alive,
    AnyMessage,
    Cancel,
    Done,
    Failed,
    Probe,
    Ready,
    Run,
    Start,
    Stop,
    encode,
    encode_run,
    replies_of,
)
from ekiben.serving.workers.worker import STOP_S, WorkerDied, WorkerGone

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def child_environment(environ: Mapping[str, str], *, cores: int, workers: int) -> dict[str, str]:
    """The environment of one child among `workers`: numeric libraries share the cores unless something is set."""
    share = str(max(1, cores // workers))
    return {**dict.fromkeys(THREAD_VARIABLES, share), **environ}


class ProcessWorker:
    """`start` says what the child brings up."""

    def __init__(self, start: Start, environ: Mapping[str, str]) -> None:
        self._start = start
        self._environ = environ
        self._numbers = itertools.count()
        self._runs: dict[int, asyncio.Future[list[Reply]]] = {}
        self._probes: list[asyncio.Future[None]] = []
        self._ready: asyncio.Future[None] | None = None
        self._process: Process | None = None
        self._channel: Channel | None = None
        self._ended = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, None before `start`."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> None:
        """Starts the child; returns when it is ready. Raises ServiceError with the child's own words where it fails."""
        self._ready = asyncio.get_running_loop().create_future()
        ours, theirs = socket.socketpair()
        with theirs:
            number = theirs.fileno()
            arguments = ("-m", "ekiben.serving.workers.child", "--socket", str(number))
            try:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable, *arguments, stdin=DEVNULL, pass_fds=[number], env=dict(self._environ)
                )
            except OSError as error:
                ours.close()
                raise ServiceError(f"no worker process can be started: {error}") from error
        self._watching = asyncio.create_task(self._watch(self._process))
        self._channel = await open_channel(ours, self._on_message, self._on_close)
        self._channel.write(encode(self._start))
        try:
            await self._ready
        except BaseException:
            self.kill()
            raise

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """Sends the calls and waits for their replies."""
        number = next(self._numbers)
        self._send(encode_run(number, endpoint, calls))
        done: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
        self._runs[number] = done
        if audience is not None:
            audience.on_gone = partial(self._cancel, number)
        try:
            return await done
        except asyncio.CancelledError:
            self._cancel(number)
            self._runs.pop(number, None)
            raise

    async def probe(self) -> None:
        """Asks the child's loop for an answer."""
        self._send(encode(Probe()))
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._probes.append(answered)
        await answered

    async def wait_closed(self) -> None:
        """Returns when the child has closed its end or has ended, whichever is seen first."""
        await self._ended.wait()

    async def stop(self) -> None:
        """Asks the child to shut down, and kills it when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        if not self._ended.is_set():
            self._send(encode(Stop()))
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        self._end()

    def kill(self) -> bool:
        """Ends the child at once, also one that is stopped."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        return True

    async def _watch(self, process: Process) -> None:
        """Sees the child's end also where a process that it left behind keeps the socket open."""
        await process.wait()
        self._end()

    def _on_message(self, message: AnyMessage, joined: memoryview) -> None:
        match message:
            case Done():
                done = self._runs.pop(message.number, None)
                if done is not None and not done.done():
                    done.set_result(replies_of(message, joined))
            case Alive():
                probes, self._probes = self._probes, []
                for answered in probes:
                    if not answered.done():
                        answered.set_result(None)
            case Ready():
                self._settle(None)
            case Failed():
                self._settle(ServiceError(message.message, hint=message.hint))
            case Start() | Run() | Cancel() | Probe() | Stop():
                raise AssertionError(f"a child sent {message}")
            case _:
                assert_never(message)

    def _cancel(self, number: int) -> None:
        if number in self._runs and not self._ended.is_set():
            self._send(encode(Cancel(number)))

    def _settle(self, error: ServiceError | None) -> None:
        """Ends the wait for the child to come up."""
        if self._ready is None or self._ready.done():
            return
        if error is None:
            self._ready.set_result(None)
        else:
            self._ready.set_exception(error)

    def _on_close(self) -> None:
        """The child closed its end: it is dead, or of no use."""
        self.kill()
        self._end()

    def _end(self) -> None:
        """Tells everybody who waits for the child that it is gone."""
        self._ended.set()
        if self._channel is not None:
            self._channel.close()
        self._settle(ServiceError("the worker ended before it was ready", hint="its own output says why"))
        runs, self._runs = self._runs, {}
        probes, self._probes = self._probes, []
        for run in runs.values():
            if not run.done():
                run.set_exception(WorkerDied("the worker died"))
        for probe in probes:
            if not probe.done():
                probe.set_exception(WorkerDied("the worker died"))

    def _send(self, pieces: Sequence[bytes]) -> None:
        if self._ended.is_set() or self._channel is None:
            raise WorkerGone("the worker is gone")
        self._channel.write(pieces)
