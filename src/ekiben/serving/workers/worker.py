"""`Worker`: what runs calls, whether in this process or in a child."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

from ekiben.errors import EkibenError
from ekiben.serving.batching.batch import Audience
from ekiben.serving.wire import Answer, Call, Reply

RestartReason: TypeAlias = Literal["death", "hang", "lifetime"]
STOP_S = 5.0  # seconds that a worker gets to run its shut-down hooks


class WorkerDied(EkibenError):
    """The worker ended while it ran these calls; nobody knows how far it came."""


class WorkerGone(WorkerDied):
    """The worker had ended before these calls were given to it: nothing of them ran."""


class Worker(Protocol):
    """One instance of the service. Sync calls run in its threads; the pool never hands it more than those at once."""

    async def start(self) -> None:
        """Brings the service up; returns when it answers. Raises EkibenError where it cannot."""

    async def run(self, endpoint: str, calls: Sequence[Call], audience: Audience | None = None) -> list[Reply]:
        """One reply per call, in order; cancelling it does not end a thread. Raises WorkerDied or WorkerGone.

        When the `audience` has left, it stops where it can, and returns when the work has really ended.
        """

    async def stream(self, endpoint: str, call: Call) -> Answer:
        """The answer to a call, once its first chunk is there. Raises WorkerDied or WorkerGone; so do its chunks.

        Cancelled, or with its chunks closed, it returns when the work has really ended.
        """

    async def probe(self) -> None:
        """Returns when the worker has answered. Raises WorkerDied."""

    async def wait_closed(self) -> None:
        """Returns when the worker has ended, for whatever reason."""

    def kill(self) -> bool:
        """Ends the worker at once; False where that cannot be done."""

    async def stop(self) -> None:
        """Shuts the service down, by force if it does not."""
