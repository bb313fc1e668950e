"""What a websocket is to whoever serves it, whatever the transport: `Socket`, and its end as an exception.

A transport makes it (`h1/websocket`), a mounted app has it (`mounted/socket`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from ekiben.serving.http.request import Request
from ekiben.serving.wire import Reply

# RFC 6455, section 7.4.1
NORMAL = 1000
GOING_AWAY = 1001
ABNORMAL = 1006  # never sent: the connection ended without a word
POLICY_VIOLATION = 1008
INTERNAL_ERROR = 1011


class SocketClosed(Exception):
    """The websocket is closed: `code` and `reason` are what the client said, or why it was given up."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the websocket is closed: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class Socket(Protocol):
    """One websocket: offered until `accept` or `deny`, then open until one side closes it."""

    async def accept(self, subprotocol: str | None, headers: Sequence[tuple[str, str]]) -> None:
        """Opens it. Raises OSError where the client has gone."""

    async def deny(self, reply: Reply) -> None:
        """Answers the offer as any other request."""

    async def next(self) -> str | bytes:
        """The next message. Raises SocketClosed at the end."""

    async def send(self, message: str | bytes) -> None:
        """Sends one, no faster than the client takes them. Raises OSError where nobody takes it any more."""

    async def close(self, code: int, reason: str) -> None:
        """Ends it; what is closed already stays as it is."""


SocketHandler: TypeAlias = Callable[[Request, Socket], Awaitable[None]]
FindSocketHandler: TypeAlias = Callable[[Request], SocketHandler | None]  # None: no websockets are served there


def no_sockets(request: Request) -> None:
    """No path serves websockets."""
