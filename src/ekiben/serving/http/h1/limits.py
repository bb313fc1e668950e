"""`ConnectionLimits`: how long a connection may keep the server waiting, and how many there may be.

What a *request* may take (`traffic.timeout`, `http.max_body`) is in `calls`; who holds these limits is `protocol`.
"""

from __future__ import annotations

import resource
from dataclasses import dataclass

from ekiben.serving.config.keys import (
    DEFAULT_BODY_TIMEOUT_S,
    DEFAULT_HEAD_TIMEOUT_S,
    DEFAULT_KEEP_ALIVE_S,
    DEFAULT_MAX_CONNECTIONS,
    DEFAULT_MAX_MESSAGE_BYTES,
)

MAX_HEAD_BYTES = 64 * 1024  # bytes of request line and headers, or of trailers: above what proxies let through
CHUNK_BYTES = 16  # around a chunk, beside as many as it brings; more are loose bytes, MAX_HEAD_BYTES of them in all
MIN_RATE = 512  # bytes a second: Apache's mod_reqtimeout asks for 500; a phone on the edge of a network has more
LINGER_S = 2.0  # seconds that a client gets to read a last reply while what it still sends is thrown away
SPARE_CONNECTIONS = 64  # beyond the bound, that are told so and get LINGER_S to read it
RESERVED_FILES = 128  # descriptors that are not for connections: the service's own files, pipes to workers


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Seconds for a head, seconds between requests, seconds in which a body has to move on, a count, and the size of a
    websocket's message.
    """

    head_timeout_s: float = DEFAULT_HEAD_TIMEOUT_S
    keep_alive_s: float = DEFAULT_KEEP_ALIVE_S
    body_timeout_s: float = DEFAULT_BODY_TIMEOUT_S
    max_connections: int = DEFAULT_MAX_CONNECTIONS
    max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES


def affordable_connections(wanted: int) -> int:
    """`wanted`, or as many as the process may open: beyond that, accepting would fail without an answer.

    Raises the process's soft limit of open files to what that takes, as far as the hard limit lets it: the usual 1,024
    are for programs that call select(2). Workers inherit it.
    """
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = wanted + RESERVED_FILES
    if files != resource.RLIM_INFINITY and files < needed:
        files = needed if most == resource.RLIM_INFINITY else min(needed, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
    return wanted if files == resource.RLIM_INFINITY else max(1, min(wanted, files - RESERVED_FILES))
