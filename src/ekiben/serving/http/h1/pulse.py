"""`Pulse`: whether the other end of a websocket is still there: a ping after silence, and the end when none answers."""

from __future__ import annotations

from enum import Enum, auto

PING_AFTER_S = 20.0  # seconds of silence: proxies end a connection on which nothing passes for 60
ANSWER_WITHIN_S = 20.0  # seconds that the client gets to answer


class Beat(Enum):
    """What becomes of the websocket."""

    RESTS = auto()
    PINGS = auto()
    IS_OVER = auto()


class Pulse:
    """Is told at each look whether anything came since the last one; it has no clock of its own."""

    __slots__ = ("_is_asked", "_since_s")

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._is_asked = False

    def look(self, now_s: float, *, has_heard: bool) -> Beat:
        """What to do now."""
        if has_heard:
            self._since_s = now_s
            self._is_asked = False
            return Beat.RESTS
        waited_s = now_s - self._since_s
        if self._is_asked:
            return Beat.IS_OVER if waited_s >= ANSWER_WITHIN_S else Beat.RESTS
        if waited_s < PING_AFTER_S:
            return Beat.RESTS
        self._since_s = now_s
        self._is_asked = True
        return Beat.PINGS
