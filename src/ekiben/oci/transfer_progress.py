"""How far transfers are, for people; and how one that failed stops the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ekiben.errors import RegistryError
from ekiben.oci.parallel import Abandoned
from ekiben.report import Task


def _nothing(*_: object) -> None:
    """Tells nobody, ends nothing."""


@dataclass(slots=True)
class Progress:
    """One task that several threads move. `tell` is told why one of them waits; `break_off` ends what they wait for."""

    task: Task | None = None
    tell: Callable[[str], object] = _nothing
    break_off: Callable[[], object] = _nothing
    _stop: threading.Event = field(default_factory=threading.Event, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def stop(self) -> None:
        """Every transfer that counts here ends, now or at its next step."""
        self._stop.set()
        self.break_off()

    def wait(self, seconds: float, failure: RegistryError) -> None:
        """Pauses after a failure, unless all is to stop. Raises Abandoned then."""
        self.check()
        self.say(f"{failure}: trying again in {max(1.0, seconds):.0f} s")
        self.pause(seconds)

    def say(self, message: str) -> None:
        """Tells why somebody waits."""
        with self._lock:
            self.tell(message)

    def pause(self, seconds: float) -> None:
        """Waits, unless all is to stop. Raises Abandoned then."""
        self._stop.wait(seconds)
        self.check()

    def check(self) -> None:
        """Raises Abandoned where all is to stop."""
        if self._stop.is_set():
            raise Abandoned("stopped, since another transfer failed")

    def advance(self, amount: int) -> None:
        """`amount` more bytes, of whichever transfer. Raises Abandoned where all is to stop."""
        self.check()
        if self.task is not None and amount:
            with self._lock:
                self.task.advance(amount)


@dataclass(slots=True)
class Meter:
    """One transfer's share: bytes that are sent twice are counted once."""

    progress: Progress
    _highest: int = field(default=0, init=False)

    def reached(self, position: int) -> None:
        """The transfer has come to the byte `position`. Raises Abandoned where all is to stop."""
        self.progress.advance(max(0, position - self._highest))
        self._highest = max(self._highest, position)
