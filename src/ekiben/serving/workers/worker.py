"""`Worker`: what runs calls, whether in this process or in a child."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ekiben.errors import EkibenError
from ekiben.serving.batching.audience import Audience
from ekiben.serving.wire import Answer, Call, Reply
from ekiben.serving.workers.health import Health

STOP_S = 5.0  # seconds that a worker gets to run its shut-down hooks


class WorkerDied(EkibenError):
    """The worker ended while it ran these calls; nobody knows how far it came."""


class WorkerGone(WorkerDied):
    """The worker had ended before these calls were given to it: nothing of them ran."""


class Worker(Protocol):
    """One instance of the service. Sync calls run in its threads; the pool never hands it more than those at once."""

    async def start(self) -> Health:
        """Brings the service up; what it says of itself, when it answers. Raises EkibenError where it cannot."""

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """One reply per call, in order; cancelling it does not end a thread. Raises WorkerDied or WorkerGone.

        When the `audience` has left, it stops where it can, and returns when the work has really ended.
        """

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """The answer to a call, once its first chunk is there. Raises WorkerDied or WorkerGone; so do its chunks.

        Cancelled, or with its chunks closed, it returns when the work has really ended.
        """

    async def probe(self) -> Health:
        """What the worker's service says of itself, when it has answered. Raises WorkerDied."""

    async def wait_closed(self) -> None:
        """Returns when the worker has ended, for whatever reason."""

    async def wait_idle(self) -> None:
        """Returns when nothing runs in the worker, cancelled runs included."""

    @property
    def served(self) -> int:
        """How many calls it was given."""

    def memory_bytes(self) -> int:
        """What it holds of the memory; 0 where that is not known, or not its own."""

    def abort(self) -> None:
        """Writes where the threads of a worker that hangs stand to the log, and ends it where that can be done."""

    async def stop(self) -> None:
        """Shuts the service down, by force if it does not."""
