"""`Condemned`: how a sweep and a push that meet at one object agree which of them has it.

Nothing is removed that was not condemned at least a grace time before. A push that finds something there lifts its
condemnation; the sweep takes it from `condemned` to `going` before it removes the object. Each writes in place of what
it has read alone, so one of the two succeeds. A push that has looked before the object was condemned is over when the
grace time is.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ekiben.errors import RemoteError
from ekiben.store.remote.object_store.layout import CONDEMNED
from ekiben.store.remote.object_store.objects import Objects, Stat

State = Literal["condemned", "going", "lifted"]
_LIMIT = 100  # bytes of a mark
_PATIENCE_S = 60.0  # a sweep removes in milliseconds what it has taken; one that does not was killed
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Condemned:
    """The marks at one place; each lies at `condemned/` and the key of what it is about."""

    objects: Objects

    def keys(self, prefix: str) -> Iterator[Stat]:
        """What is marked of the keys that begin so; with the time of the mark."""
        for mark in self.objects.walk(f"{CONDEMNED}{prefix}"):
            yield Stat(mark.key.removeprefix(CONDEMNED), mark.size_bytes, mark.changed_s)

    def lift(self, key: str) -> None:
        """Keeps what is at `key` for a grace time more; where it is going, returns when it is gone: who needs it looks
        whether it is there after this."""
        deadline = time.monotonic() + _PATIENCE_S
        while mark := self.objects.read(_mark(key), _LIMIT):
            if mark.content.startswith(b"going") and time.monotonic() < deadline:
                time.sleep(_LOOK_S)
            elif self.objects.replace(_mark(key), _spelled("lifted"), mark.version):
                return

    def condemn(self, key: str) -> None:
        """Marks it, unless another has changed the mark meanwhile."""
        mark = self.objects.read(_mark(key), _LIMIT)
        self.objects.replace(_mark(key), _spelled("condemned"), mark.version if mark else None)

    def take(self, key: str, before_s: float) -> bool:
        """Whether it is the caller's now, to be removed: it was condemned, and neither has a push lifted that, nor has
        another sweep taken it since `before_s`."""
        mark = self.objects.read(_mark(key), _LIMIT)
        if mark is None or mark.content.startswith(b"lifted"):
            return False
        if mark.content.startswith(b"going"):
            taken = self.objects.stat(_mark(key))
            if taken is None or taken.changed_s >= before_s:
                return False
        return self.objects.replace(_mark(key), _spelled("going"), mark.version)

    def is_lifted(self, key: str) -> bool:
        """Whether a push has found it since it was condemned."""
        try:
            mark = self.objects.read(_mark(key), _LIMIT)
        except RemoteError:  # no mark of ours
            return False
        return mark is not None and mark.content.startswith(b"lifted")

    def forget(self, key: str) -> None:
        """Removes the mark."""
        self.objects.remove(_mark(key))


def _mark(key: str) -> str:
    return f"{CONDEMNED}{key}"


def _spelled(state: State) -> bytes:
    """No two marks are alike, so that what was read is what is replaced."""
    return f"{state} {os.urandom(16).hex()}\n".encode()
