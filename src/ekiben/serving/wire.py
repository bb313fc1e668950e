"""`Payload`, `Call`, `Reply`: one request as it travels between the HTTP front, the batcher and a worker.

Bodies stay as the client sent them until a worker decodes them, so the front never holds Python objects of the
service's types and nothing between processes is pickled. This module knows no transport and no service.
"""

from __future__ import annotations

from dataclasses import dataclass

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Payload:
    """A body with its media type (`multipart/form-data; boundary=...` included whole)."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one API. `headers` are lower-case names with values, in order; `query` is the raw query string."""

    endpoint: str
    payload: Payload
    request_id: str
    method: str = "POST"
    path: str = ""
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one call: HTTP status, body, and headers beyond Content-Type and Content-Length."""

    status: int
    payload: Payload
    headers: tuple[tuple[str, str], ...] = ()
