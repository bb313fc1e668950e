"""`RemoteAddress`: where the server of another service listens, taken from a URL."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ekiben.errors import SettingsError

_PORTS = {"http": 80, "tcp": 80, "https": 443}
_PATHS = ("unix", "file")


@dataclass(frozen=True, slots=True)
class RemoteAddress:
    """`url` as it was written; `socket_path` of a Unix socket, else empty; `prefix` has no slash at its end."""

    url: str
    host: str
    port: int
    is_tls: bool = False
    prefix: str = ""
    socket_path: str = ""

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.is_tls else "http"] else f"{host}:{self.port}"


def read_address(url: str) -> RemoteAddress:
    """`http://`, `https://`, `tcp://` (which is HTTP) or `unix:///path`. Raises SettingsError for anything else."""
    hint = "such as `http://host:3000`, `https://host/prefix` or `unix:///run/service.sock`"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SettingsError(f"`{url}` is no URL of a service: {error}", hint=hint) from error
    if parts.scheme in _PATHS and parts.path and not host:
        return RemoteAddress(url, "localhost", _PORTS["http"], socket_path=unquote(parts.path))
    if parts.scheme not in _PORTS or not host:
        raise SettingsError(f"`{url}` is no URL of a service", hint=hint)
    if parts.username is not None or parts.query or parts.fragment:
        raise SettingsError("a URL of a service has no user, query or fragment", hint=hint)
    is_tls = parts.scheme == "https"
    return RemoteAddress(url, host, port or _PORTS[parts.scheme], is_tls, parts.path.rstrip("/"))
