"""Rivals: others who read what a tag names, as we did, and then move it, as we did.

Many registries move a tag without asking what it named, so that of two writers one is overwritten. Who has written
waits as long as a rival may take from reading to writing, and reads again: then one stands, and the others know.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_SLOWER = 2.0  # times as long as we is a rival given
_SHORTEST_S, _LONGEST_S = 0.1, 2.0  # a crowded machine may let him wait; people do not want to


@dataclass(frozen=True, slots=True)
class Rivals:
    """How long they are waited for. `clock` gives seconds, `sleep` waits for them."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def wait(self, since_s: float, share: float = 1.0) -> None:
        """Waits for those who read when we did, at `since_s`; or for a share of that time."""
        took_s = self.clock() - since_s
        self.sleep(min(max(took_s * _SLOWER, _SHORTEST_S), _LONGEST_S) * share)
