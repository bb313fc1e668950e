"""Connections to an address, a Unix socket or an app in this process, and what the errors of the HTTP library mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from ekiben.clients.bodies import RequestBody
from ekiben.clients.in_process import AppTransport, AsyncAppTransport
from ekiben.clients.library import httpx2
from ekiben.errors import DeadlineExceeded, EkibenError, Overloaded, SettingsError
from ekiben.serving.declare.mounts import AsgiApp

SOCKET_URL = "http://localhost"
_SOCKETS = ("unix", "file")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a client finds its server: `app` is asked instead of an address, where there is one."""

    url: str
    app: AsgiApp | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0

    @property
    def base_url(self) -> str:
        """What paths are added to. Raises SettingsError for a URL that is none."""
        parts = urlsplit(self.url)
        if parts.scheme in _SOCKETS:
            return SOCKET_URL
        if parts.scheme not in ("http", "https", "tcp") or not parts.netloc:
            raise SettingsError(f"`{self.url}` is no URL of a service", hint="such as `http://localhost:3000`")
        return f"http://{parts.netloc}" if parts.scheme == "tcp" else self.url.rstrip("/")

    @property
    def socket_path(self) -> str | None:
        """Of a Unix socket; None for an address."""
        parts = urlsplit(self.url)
        return unquote(parts.path) if parts.scheme in _SOCKETS else None

    def _options(self) -> dict[str, Any]:
        return {"base_url": self.base_url, "headers": dict(self.headers), "timeout": self.timeout_s}


def open_client(server: Address) -> httpx2.Client:
    """Connections of a client that blocks, kept and used again."""
    transport: httpx2.BaseTransport | None = None
    if server.app is not None:
        transport = AppTransport(server.app)
    elif server.socket_path is not None:
        transport = httpx2.HTTPTransport(uds=server.socket_path)
    return httpx2.Client(transport=transport, follow_redirects=True, **server._options())


def open_async_client(server: Address) -> httpx2.AsyncClient:
    """The same of a client that awaits."""
    transport: httpx2.AsyncBaseTransport | None = None
    if server.app is not None:
        transport = AsyncAppTransport(server.app)
    elif server.socket_path is not None:
        transport = httpx2.AsyncHTTPTransport(uds=server.socket_path)
    return httpx2.AsyncClient(transport=transport, follow_redirects=True, **server._options())


def request_options(body: RequestBody) -> dict[str, Any]:
    """How the library is told a body."""
    if body.content_type:
        return {"content": body.content, "headers": {"content-type": body.content_type}}
    files = [(name, (one.name, one.content, one.media_type)) for name, one in body.files]
    return {"data": dict(body.fields or {}), "files": files}


def was_sent(error: httpx2.HTTPError) -> bool:
    """Whether the server may have got the request."""
    return not isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout)


def is_late(error: httpx2.HTTPError) -> bool:
    """Whether time ran out while an answer was awaited."""
    return isinstance(error, httpx2.TimeoutException) and was_sent(error)


def translated(error: httpx2.HTTPError, url: str) -> EkibenError:
    """The error as ours."""
    if is_late(error):
        return DeadlineExceeded(f"`{url}` has not answered in time")
    return Overloaded(f"`{url}` cannot be reached: {reason_of(error)}", hint="is the server up?")


def reason_of(error: httpx2.HTTPError) -> str:
    """What the error says, in a few words."""
    return str(error).lower() or type(error).__name__
