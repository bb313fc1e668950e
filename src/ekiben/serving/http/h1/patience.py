"""How long a connection may keep the server waiting: for a request, a head, a body, for its client to take replies.

A request has no timer. The server looks at every connection about once a second, and what it finds waiting for the
same thing too long is ended. What it does then is decided here, and done by the connection.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import assert_never

from ekiben.serving.http.h1.limits import LINGER_S, MIN_RATE, ConnectionLimits


class Wait(Enum):
    """What a connection waits for."""

    REQUEST = "the first byte of a request"
    HEAD = "the rest of a head"
    BODY = "the rest of a body"
    ANSWER = "the answer, which is the server's turn"
    TAKING = "the client to take what was written"
    LEAVING = "the client to close, after the last reply"


class Verdict(Enum):
    """What becomes of the connection."""

    STAYS = auto()
    CLOSES = auto()
    BREAKS = auto()  # at once: whatever is not sent is lost
    HEAD_IS_LATE = auto()
    BODY_HAS_STOPPED = auto()


class Patience:
    """What one connection was found waiting for, and since when."""

    __slots__ = ("_moved_bytes", "_number", "_since_s", "_wait")

    def __init__(self) -> None:
        self._wait = Wait.ANSWER
        self._number = -1
        self._since_s = 0.0
        self._moved_bytes = 0

    def look(self, wait: Wait, number: int, moved_bytes: int, now_s: float, limits: ConnectionLimits) -> Verdict:
        """What becomes of a connection that waits so. `number` tells one such wait from the next.

        `moved_bytes` counts what has come of a body, or what the client took of the replies.
        """
        if wait is not self._wait or number != self._number:
            self._mark(wait, number, moved_bytes, now_s)
            return Verdict.STAYS
        waited_s = now_s - self._since_s
        if waited_s < _bound_s(wait, limits):
            return Verdict.STAYS
        is_moving = moved_bytes - self._moved_bytes >= MIN_RATE * waited_s
        self._mark(wait, number, moved_bytes, now_s)
        match wait:
            case Wait.REQUEST:
                return Verdict.CLOSES
            case Wait.HEAD:
                return Verdict.HEAD_IS_LATE
            case Wait.BODY:
                return Verdict.STAYS if is_moving else Verdict.BODY_HAS_STOPPED
            case Wait.TAKING:
                return Verdict.STAYS if is_moving else Verdict.BREAKS
            case Wait.LEAVING:
                return Verdict.BREAKS
            case Wait.ANSWER:
                return Verdict.STAYS
            case _:
                assert_never(wait)

    def _mark(self, wait: Wait, number: int, moved_bytes: int, now_s: float) -> None:
        self._wait = wait
        self._number = number
        self._moved_bytes = moved_bytes
        self._since_s = now_s


def _bound_s(wait: Wait, limits: ConnectionLimits) -> float:
    match wait:
        case Wait.REQUEST | Wait.TAKING:
            return limits.keep_alive_s
        case Wait.HEAD:
            return limits.head_timeout_s
        case Wait.BODY:
            return limits.body_timeout_s
        case Wait.LEAVING:
            return LINGER_S
        case Wait.ANSWER:
            return float("inf")
        case _:
            assert_never(wait)
