"""Closed loop that keeps the latency of answers apart from that of refusals. For slow models: wrk is for quick ones."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import uvloop

from benchmarks.serving.connection import BROKEN, Connection, message

DRAIN_S = 20.0  # for what is under way at the end, so that the next load finds an idle server


@dataclass(slots=True)
class Answers:
    """What came back after the warm-up."""

    seconds: float
    latencies_s: list[float] = field(default_factory=list)  # of answers that are 200
    refused: int = 0
    broken: int = 0


def closed_loop(
    port: int, path: str, bodies: Sequence[bytes], connections: int, warm_up_s: float, seconds: float
) -> Answers:
    """Each connection sends the next body when its last one is answered."""
    return uvloop.run(_run(port, [message(path, body) for body in bodies], connections, warm_up_s, seconds))


async def _run(port: int, messages: Sequence[bytes], connections: int, warm_up_s: float, seconds: float) -> Answers:
    answers, next_message, all_answered = Answers(seconds), itertools.cycle(messages), asyncio.Event()
    begin = time.perf_counter() + warm_up_s
    end = begin + seconds
    under_way: dict[Connection, float] = {}  # to the moment of sending

    def send(connection: Connection) -> None:
        under_way[connection] = time.perf_counter()
        connection.send(next(next_message), 0)

    def answered(connection: Connection, status: int, _body: bytes) -> None:
        now, sent = time.perf_counter(), under_way.pop(connection)
        if begin <= now < end:
            answers.broken += status == BROKEN
            answers.refused += status not in (200, BROKEN)
            if status == 200:
                answers.latencies_s.append(now - sent)
        if now < end and status != BROKEN:
            send(connection)
        elif not under_way:
            all_answered.set()

    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
        send(connection)
    await asyncio.sleep(end - time.perf_counter())
    with suppress(TimeoutError):
        await asyncio.wait_for(all_answered.wait(), DRAIN_S)
    for connection in list(under_way):
        connection.abort()
    return answers
