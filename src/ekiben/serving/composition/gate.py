"""`Gate`: how many requests of one service are under way at once."""

from __future__ import annotations

from ekiben.errors import TooManyRequests


class Gate:
    """Counts the requests under way over all APIs; beyond `most` (None: no bound) none is let in."""

    __slots__ = ("_most", "inside")

    def __init__(self, most: int | None) -> None:
        self._most = most
        self.inside = 0

    @property
    def is_open(self) -> bool:
        """Whether one more is let in."""
        return self._most is None or self.inside < self._most

    def check(self) -> None:
        """Raises TooManyRequests where the next request is one too many."""
        if not self.is_open:
            raise TooManyRequests("too many requests are under way", hint="`traffic.max_concurrency` sets the bound")
