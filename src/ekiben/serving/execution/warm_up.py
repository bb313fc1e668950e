"""Warms an API up with its example: decoded, called, encoded, as the first requests would be, before there are any.

A batchable API gets the example alone, then a batch as full as the example's rows make it, if by the time that the
example took it will not take longer than WARM_UP_S. An example that fails keeps the service from starting: what the
documents show would fail in every client's hands. An API that is not idempotent is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import msgspec

from ekiben.errors import ServiceError
from ekiben.serving.batching.options import BatchOptions
from ekiben.serving.declare.api import Endpoint
from ekiben.serving.wire import Answer, Call, Reply, StreamReply

WARM_UP_S = 2.0  # seconds that a full batch may take; a start waits for it
_REQUEST_ID = "warm-up"


class _Error(msgspec.Struct):
    """As much of an error's body as is told."""

    error: str


_ERROR = msgspec.json.Decoder(_Error)


class Runner(Protocol):
    """What runs calls: the executor."""

    async def run(self, endpoint: str, calls: Sequence[Call]) -> list[Reply]:
        """One reply per call."""

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """The answer of an API that streams."""


async def warm_up(endpoint: Endpoint, options: BatchOptions | None, runner: Runner) -> None:
    """Answers the endpoint's example, where it has one. Raises ServiceError where the answer is an error."""
    if endpoint.example is None or not endpoint.is_idempotent:
        return
    call = Call(endpoint.name, endpoint.example.payload, _REQUEST_ID, path=endpoint.route)
    if endpoint.is_stream:
        await _warm_stream(endpoint, call, runner)
        return
    took_s = await _answer(endpoint, [call], runner)
    if options is None:
        return
    most = options.max_batch_size // max(1, endpoint.input.count_rows(call.payload, options.batch_dim[0]))
    if affordable_copies(most, took_s) < most:  # the first call may have loaded what later ones find
        took_s = await _answer(endpoint, [call], runner)
    copies = affordable_copies(most, took_s)
    if copies > 1:
        await _answer(endpoint, [call] * copies, runner)


def affordable_copies(most: int, took_s: float) -> int:
    """How many examples a batch may have, of at most `most`, if each takes as long as one alone did."""
    return most if took_s * most <= WARM_UP_S else int(WARM_UP_S / took_s)


async def _answer(endpoint: Endpoint, calls: Sequence[Call], runner: Runner) -> float:
    """The seconds that it took to answer."""
    begun = time.perf_counter()
    for reply in await runner.run(endpoint.name, calls):
        _check(endpoint, reply)
    return time.perf_counter() - begun


async def _warm_stream(endpoint: Endpoint, call: Call, runner: Runner) -> None:
    """As far as the first chunk: a stream may have no end."""
    answer = await runner.stream(endpoint.name, call)
    if isinstance(answer, StreamReply):
        await answer.chunks.aclose()
    else:
        _check(endpoint, answer)


def _check(endpoint: Endpoint, reply: Reply) -> None:
    if reply.status >= 400:
        raise ServiceError(
            f"the example of the API `{endpoint.name}` is answered {reply.status}: {_reason(reply)}",
            hint="correct the example or the method; `warm_up: false` in the configuration starts without",
        )


def _reason(reply: Reply) -> str:
    try:
        return _ERROR.decode(reply.payload.body).error
    except msgspec.MsgspecError:  # the method itself said so, by its Context
        return "by the method"
