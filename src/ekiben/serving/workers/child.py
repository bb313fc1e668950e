"""A worker process, from its own side: `python -m ekiben.serving.workers.child --sockets FD FD`.

It imports the service, makes one instance and runs what the front sends over the sockets it was given. It does not
listen, batch or count, ignores the terminal's signals (the front drains, then says Stop), and ends when the front is
gone.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import NoReturn, assert_never

from ekiben.errors import EkibenError, Overloaded
from ekiben.serving.calling.binding import Binding
from ekiben.serving.declare.graph import member_of
from ekiben.serving.execution.executor import Executor
from ekiben.serving.execution.program import USER_FAILURES
from ekiben.serving.failures import failure_replies, reply_to
from ekiben.serving.importing import import_service
from ekiben.serving.interpreter import freeze_loaded, load_bento, run
from ekiben.serving.logs import configure_logging
from ekiben.serving.wire import Body, Call, Reply
from ekiben.serving.workers.asking import Asker
from ekiben.serving.workers.bringup import bring_up
from ekiben.serving.workers.channel import Channel, Ends, open_channel
from ekiben.serving.workers.chunks import Outflow
from ekiben.serving.workers.framing import Bodies
from ekiben.serving.workers.health import HealthWatch
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
    calls_of,
    done_of,
)
from ekiben.serving.workers.teller import Teller

logger = logging.getLogger("ekiben.serving")

_PR_SET_PDEATHSIG = 1  # linux/prctl.h: the signal that the kernel sends when the parent ends
FRONT_GONE = 70  # exit status of a child whose front went away without a word (sysexits.h: EX_SOFTWARE)


class Child:
    """One instance of the service and the front that it works for."""

    def __init__(self) -> None:
        self._channel: Channel | None = None
        self._executor: Executor | None = None
        self._runs: dict[int, tuple[str, asyncio.Task[None]]] = {}
        self._unwanted: set[int] = set()
        self._outflows: dict[int, Outflow] = {}
        self._asker = Asker(self._send)
        self._starting: asyncio.Task[None] | None = None
        self._probing: asyncio.Task[None] | None = None
        self._health: HealthWatch | None = None
        self._teller = Teller(lambda families: self._send(Measured(list(families))))
        self._telling: asyncio.Task[None] | None = None
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def serve(self, ends: Ends) -> int:
        """Works until told to stop; gives the exit status."""
        self._channel = await open_channel(ends, self._on_message, lambda: self._finish(FRONT_GONE))
        status = await self._status
        if status == 0 and self._executor is not None:
            await self._executor.stop()
        return status

    def _on_message(self, message: AnyMessage, bodies: Bodies) -> None:
        match message:
            case Run():
                calls = calls_of(message.endpoint, message.calls, bodies)
                self._begin(message.number, message.endpoint, self._run(message, calls))
            case Stream():
                self._begin_stream(message, bodies)
            case Took():
                if message.number in self._outflows:
                    self._outflows[message.number].took(message.chunks, message.size)
            case Probe():
                self._probing = asyncio.create_task(self._tell_health())
            case Measure():
                self._teller.tell()
            case Cancel():
                self._cancel(message.number)
            case Start():
                self._starting = asyncio.create_task(self._start(message))
            case Stop():
                self._finish(0)
            case Done() | Head() | Chunk() | End() | Fault():
                self._asker.on_message(message, bodies)
            case Attach() | Ready() | Failed() | Ask() | Alive() | Measured():
                raise AssertionError(f"a front sent {message}")
            case _:
                assert_never(message)

    async def _start(self, start: Start) -> None:
        configure_logging(start.log_level, start.log_format)
        if start.bento is not None:
            load_bento(start.bento)
        try:
            service = import_service(start.service, Path(start.root))
            if start.member is not None:
                service = member_of(service, start.member)
            self._executor = await bring_up(
                Binding(service, self._asker),
                threads=start.threads,
                batching=start.batching,
                warms_up=start.warms_up,
            )
            self._health = HealthWatch(self._executor)
            health = await self._health.ask()
            freeze_loaded()
        except EkibenError as error:
            self._send(Failed(error.message, error.hint))
            self._finish(1)
        else:
            self._send(Ready(health.is_alive, health.is_ready))
            self._telling = asyncio.create_task(self._teller.keep_telling())

    async def _tell_health(self) -> None:
        assert self._health is not None, "probe before ready"
        health = await self._health.ask()
        self._send(Alive(health.is_alive, health.is_ready))

    def _cancel(self, number: int) -> None:
        if number not in self._runs or self._executor is None:
            return
        self._unwanted.add(number)
        if number in self._outflows:
            self._outflows[number].stop()
        endpoint, task = self._runs[number]
        if self._executor.is_async(endpoint):
            asyncio.get_running_loop().call_soon(task.cancel)  # not before it has begun: it would not say how it ended

    def _begin(self, number: int, endpoint: str, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._see_fault)
        self._runs[number] = endpoint, task

    def _see_fault(self, task: asyncio.Task[None]) -> None:
        """A fault of ours: the run would never be answered and keep its slot, so the front hears of a death."""
        if not task.cancelled() and task.exception() is not None:
            logger.critical("a run could not be answered; the worker ends", exc_info=task.exception())
            self._finish(1)

    async def _run(self, run: Run, calls: list[Call]) -> None:
        assert self._executor is not None, "run before ready"

        def has_left(_: int) -> bool:
            return run.number in self._unwanted

        try:
            replies = await self._executor.run(run.endpoint, calls, has_left)
        except asyncio.CancelledError:
            if self._status.done():  # a thread may still be at it
                raise
            replies = [reply_to(Overloaded("cancelled"), call.request_id) for call in calls]
        except USER_FAILURES as error:  # a run without Done would keep its slot for ever
            replies = failure_replies(error, calls)
        self._end(run.number, *done_of(run.number, replies))

    def _begin_stream(self, message: Stream, bodies: Bodies) -> None:
        number = message.number
        [call] = calls_of(message.endpoint, [message.call], bodies)
        outflow = Outflow(lambda chunk: self._send(Chunk(number), [chunk]))
        self._outflows[number] = outflow
        self._begin(number, message.endpoint, self._stream(number, call, outflow))

    async def _stream(self, number: int, call: Call, outflow: Outflow) -> None:
        assert self._executor is not None, "run before ready"
        last: tuple[AnyMessage, Sequence[Body]] = End(number), []
        try:
            answer = await self._executor.stream(call.endpoint, call)
            if isinstance(answer, Reply):
                last = done_of(number, [answer])
            else:
                self._send(Head(number, answer.status, answer.content_type, answer.headers))
                await outflow.pump(answer.chunks)
        except asyncio.CancelledError:
            if self._status.done():
                raise
        except EkibenError as error:  # the executor has logged what is behind it
            last = Fault(number, error.message), []
        except USER_FAILURES as error:  # a stream without an end would keep its slot for ever
            failure_replies(error, [call])
            last = Fault(number, f"the reply broke off (request id {call.request_id})"), []
        del self._outflows[number]
        self._end(number, *last)

    def _end(self, number: int, message: AnyMessage, bodies: Sequence[Body]) -> None:
        """Says how a run or a stream ended; nothing of it runs any more."""
        del self._runs[number]
        self._unwanted.discard(number)
        self._send(message, bodies)

    def _send(self, message: AnyMessage, bodies: Sequence[Body] = ()) -> None:
        assert self._channel is not None
        self._channel.send(message, bodies)

    def _finish(self, status: int) -> None:
        if not self._status.done():
            self._status.set_result(status)


def end_with_parent() -> None:
    """Asks the kernel to kill this process when the front ends, even if it never looks at its socket (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Runs the child until the front says Stop or goes away."""
    parser = argparse.ArgumentParser(prog="ekiben worker")
    parser.add_argument("--sockets", type=int, nargs=2, required=True, metavar="FD", help="of frames, of descriptors")
    numbers = parser.parse_args(argv).sockets
    end_with_parent()
    faulthandler.enable()  # a crash, or an end by SIGABRT because it hangs, shows where
    for number in numbers:
        os.set_inheritable(number, False)
    for ignored in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)

    async def serve() -> NoReturn:
        status = await Child().serve(Ends(*(socket.socket(fileno=number) for number in numbers)))
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)  # a thread or a task that hangs in the service's code must not keep the process

    run(serve())


if __name__ == "__main__":
    main()
