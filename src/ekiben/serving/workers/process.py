"""`ProcessWorker`: a child process that runs the service, seen from the front. It is started once and never revived."""

from __future__ import annotations

import asyncio
import itertools
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, assert_never

from ekiben.errors import InternalError, ServiceError
from ekiben.serving.batching.audience import Audience
from ekiben.serving.calling.link import Link
from ekiben.serving.metrics.ledger import WorkerAccount
from ekiben.serving.metrics.processes import resident_bytes
from ekiben.serving.wire import Answer, Body, Call, Reply, StreamReply
from ekiben.serving.workers.answering import Answering
from ekiben.serving.workers.channel import Channel, open_channel, socket_pairs
from ekiben.serving.workers.chunks import Inflow
from ekiben.serving.workers.framing import Bodies
from ekiben.serving.workers.health import Health
from ekiben.serving.workers.messages import (
    Alive,
    AnyMessage,
    Ask,
    Attach,
    Cancel,
    Chunk,
    Done,
    End,
    Failed,
    Fault,
    Head,
    Measure,
    Measured,
    Probe,
    Ready,
    Run,
    Start,
    Stop,
    Stream,
    Took,
    head_of,
    replies_of,
    run_of,
)
from ekiben.serving.workers.worker import STOP_S, WorkerDied, WorkerGone

ABORT_S = 2.0  # seconds that a child that hangs gets to write where


class ProcessWorker:
    """`start` says what the child brings up; what its service measures goes to `account`, what it asks to `link`."""

    def __init__(self, start: Start, environ: Mapping[str, str], account: WorkerAccount, link: Link) -> None:
        self._start = start
        self._environ = environ
        self._numbers = itertools.count()
        self._runs: dict[int, asyncio.Future[list[Reply]]] = {}
        self._streams: dict[int, Inflow] = {}
        self._answering = Answering(link, self._send)
        self._account = account
        self._health = Health()
        self._probes: list[asyncio.Future[None]] = []
        self._served = 0
        self._measures: list[asyncio.Future[None]] = []
        self._ready: asyncio.Future[None] | None = None
        self._process: Process | None = None
        self._channel: Channel | None = None
        self._ended = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id, None before `start`."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> Health:
        """Starts the child; returns when it is up. Raises ServiceError with the child's own words where it fails."""
        self._ready = asyncio.get_running_loop().create_future()
        ours, theirs = socket_pairs()
        numbers = [theirs.stream.fileno(), theirs.descriptors.fileno()]
        # -P: modules in the current folder are none of the service's, and must not replace the standard library's.
        arguments = ("-P", "-m", "ekiben.serving.workers.child", "--sockets", *map(str, numbers))
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdin=DEVNULL, pass_fds=numbers, env=dict(self._environ)
            )
        except OSError as error:
            ours.close()
            raise ServiceError(f"no worker process can be started: {error}") from error
        finally:
            theirs.close()
        self._account.begin(self._process.pid, self.measure)
        self._watching = asyncio.create_task(self._watch(self._process))
        self._channel = await open_channel(ours, self._on_message, self._on_close)
        self._channel.send(self._start)
        try:
            await self._ready
        except BaseException:
            self._kill()
            raise
        return self._health

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """Sends the calls and waits for their replies."""
        number = next(self._numbers)
        self._send(*run_of(number, endpoint, calls))
        self._served += len(calls)
        done: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()
        self._runs[number] = done
        if audience is not None:
            audience.on_gone = partial(self._cancel, number)
        try:
            return await done
        except asyncio.CancelledError:
            self._cancel(number)
            raise

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """Sends the call and waits for its first chunk, or for a reply in its place."""
        number = next(self._numbers)
        inflow = Inflow(
            took=lambda chunks, size: self._send(Took(number, chunks, size)), cancel=partial(self._cancel, number)
        )
        self._send(Stream(number, endpoint, head_of(call)), [call.payload.body])
        self._served += 1
        self._streams[number] = inflow
        try:
            return await asyncio.shield(inflow.answer)
        except asyncio.CancelledError:
            inflow.answer.cancel()
            await inflow.aclose()
            raise

    async def wait_idle(self) -> None:
        """Returns when nothing runs in the child, cancelled runs included."""
        while self._runs or self._streams:
            ends: list[asyncio.Future[Any]] = [*self._runs.values(), *(one.ended for one in self._streams.values())]
            await asyncio.wait(ends)

    async def probe(self) -> Health:
        """Asks the child's loop for an answer."""
        await self._ask(Probe(), self._probes)
        return self._health

    async def measure(self) -> None:
        """Has the child tell what its service measures, into its account."""
        await self._ask(Measure(), self._measures)

    async def wait_closed(self) -> None:
        """Returns when the child has closed its end or has ended, whichever is seen first."""
        await self._ended.wait()

    async def stop(self) -> None:
        """Asks the child to shut down, and kills it when it does not."""
        if self._process is None or self._process.returncode is not None:
            return
        await self._account.ask()
        if not self._ended.is_set():
            self._send(Stop())
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            self._kill()
            await self._process.wait()
        self._end()

    @property
    def served(self) -> int:
        """How many calls the child was given."""
        return self._served

    def memory_bytes(self) -> int:
        """The child's resident memory."""
        return resident_bytes(self.pid) if self.pid is not None else 0

    def abort(self) -> None:
        """Has the child write its threads' stacks to stderr and end; kills one that is stopped, and cannot."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGABRT)
            asyncio.get_running_loop().call_later(ABORT_S, self._kill)

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _watch(self, process: Process) -> None:
        """Sees the child's end also where a process that it left behind keeps the socket open."""
        await process.wait()
        self._end()

    def _on_message(self, message: AnyMessage, bodies: Bodies) -> None:
        match message:
            case Done():
                self._on_done(message, bodies)
            case Head() | Chunk() | End() | Fault():
                self._on_stream(message, bodies)
            case Alive():
                self._health = Health(message.is_alive, message.is_ready)
                self._answer(self._probes)
            case Measured():
                self._account.tell(message.families)
                self._answer(self._measures)
            case Ready():
                self._health = Health(message.is_alive, message.is_ready)
                self._settle(None)
            case Failed():
                self._settle(ServiceError(message.message, hint=message.hint))
            case Ask() | Took() | Cancel():
                self._answering.on_message(message, bodies)
            case Attach() | Start() | Run() | Stream() | Probe() | Measure() | Stop():
                raise AssertionError(f"a child sent {message}")
            case _:
                assert_never(message)

    def _on_done(self, message: Done, bodies: Bodies) -> None:
        number = message.number
        if number in self._streams:
            inflow = self._streams.pop(number)
            inflow.begin(replies_of(message, bodies)[0])
            inflow.end()
        elif not (done := self._runs.pop(number)).done():
            done.set_result(replies_of(message, bodies))

    def _on_stream(self, message: Head | Chunk | End | Fault, bodies: Bodies) -> None:
        inflow = self._streams[message.number]
        match message:
            case Head():
                inflow.begin(StreamReply(message.status, message.content_type, inflow, message.headers))
            case Chunk():
                inflow.add(bytes(bodies.joined))
            case End():
                del self._streams[message.number]
                inflow.end()
            case Fault():
                del self._streams[message.number]
                inflow.end(InternalError(message.message))

    async def _ask(self, message: Probe | Measure, waiting: list[asyncio.Future[None]]) -> None:
        self._send(message)
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(answered)
        await answered

    def _answer(self, waiting: list[asyncio.Future[None]]) -> None:
        for answered in waiting:
            if not answered.done():
                answered.set_result(None)
        waiting.clear()

    def _cancel(self, number: int) -> None:
        if (number in self._runs or number in self._streams) and not self._ended.is_set():
            self._send(Cancel(number))

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
        self._kill()
        self._end()

    def _end(self) -> None:
        """Tells everybody who waits for the child that it is gone."""
        self._ended.set()
        if self._channel is not None:
            self._channel.close()
        self._settle(ServiceError("the worker ended before it was ready", hint="its own output says why"))
        runs, self._runs = self._runs, {}
        self._account.end()
        self._answering.close()
        for run in runs.values():
            if not run.done():
                run.set_exception(WorkerDied("the worker died"))
        for asked in (*self._probes, *self._measures):
            if not asked.done():
                asked.set_exception(WorkerDied("the worker died"))
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.end(WorkerDied("the worker died"))

    def _send(self, message: AnyMessage, bodies: Sequence[Body] = ()) -> None:
        if self._ended.is_set() or self._channel is None:
            raise WorkerGone("the worker is gone")
        self._channel.send(message, bodies)
