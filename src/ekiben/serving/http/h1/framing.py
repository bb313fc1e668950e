"""`Framing`: what a request allows its reply: whether the connection goes on, and whether a body may come in chunks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Framing:
    """`field` is the Connection header that the reply needs to say so, as a line of its head."""

    keeps_alive: bool
    takes_chunks: bool
    field: bytes


_CLOSE = b"connection: close\r\n"

PERSISTENT = Framing(keeps_alive=True, takes_chunks=True, field=b"")
LAST = Framing(keeps_alive=False, takes_chunks=True, field=_CLOSE)
OLD_PERSISTENT = Framing(keeps_alive=True, takes_chunks=False, field=b"connection: keep-alive\r\n")  # HTTP/1.0
OLD_LAST = Framing(keeps_alive=False, takes_chunks=False, field=_CLOSE)


def ended(framing: Framing) -> Framing:
    """The same for the last reply on a connection."""
    return LAST if framing.takes_chunks else OLD_LAST
