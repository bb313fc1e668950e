"""`Link`: a worker's way to other services."""

from __future__ import annotations

from typing import Protocol

from ekiben.serving.wire import Answer, Call


class Link(Protocol):
    """Is used on the loop of the process that it was made in."""

    async def ask(self, service: str, call: Call) -> Answer:
        """The answer of a service's API, an error's reply included. Cancelled, the other side stops where it can.

        Raises EkibenError where there is no answer.
        """
