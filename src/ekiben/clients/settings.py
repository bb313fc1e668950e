"""What both clients are told, and what both know before they ask a server anything."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import ekiben
from ekiben.clients.endpoints import ClientEndpoint, endpoints_of
from ekiben.clients.retrying import RetryPolicy
from ekiben.clients.transport import Address
from ekiben.errors import NotFound
from ekiben.nearest import did_you_mean
from ekiben.serving.declare.mounts import AsgiApp
from ekiben.serving.declare.service import Service

READY_PATH = "/readyz"
READY = 200
FIRST_PAUSE_S = 0.05  # between two looks whether a server is ready
LONGEST_PAUSE_S = 0.5
UNSAFE_NAMES = "api_"  # what stands before the name of an API that is a name of the client's


@dataclass(slots=True)
class ClientState:
    """One client's: where its server is, what that offers, and where files go."""

    address: Address
    ready_within_s: float
    policy: RetryPolicy
    media_dir: Path | None = None
    endpoints: dict[str, ClientEndpoint] = field(default_factory=dict)
    _made: tempfile.TemporaryDirectory[str] | None = None

    @property
    def folder(self) -> Path:
        """Where files that come back are stored; a temporary one ends with the client."""
        if self.media_dir is not None:
            self.media_dir.mkdir(parents=True, exist_ok=True)
            return self.media_dir
        if self._made is None:
            self._made = tempfile.TemporaryDirectory(prefix="ekiben-client-")
        return Path(self._made.name)

    def endpoint(self, name: str) -> ClientEndpoint:
        """The API of that name. Raises NotFound."""
        found = self.endpoints.get(name)
        if found is None:
            hint = did_you_mean(name, self.endpoints) or f"it has: {', '.join(self.endpoints) or 'none'}"
            raise NotFound(f"the service has no API `{name}`", hint=hint)
        return found

    def attribute(self, name: str) -> ClientEndpoint:
        """The API that an attribute of the client stands for. Raises AttributeError."""
        plain = name.removeprefix(UNSAFE_NAMES)
        found = self.endpoints.get(name) or self.endpoints.get(plain)
        if found is None:
            hint = did_you_mean(name, self.endpoints)
            raise AttributeError(f"the service has no API `{name}`{f': {hint}' if hint else ''}", name=name)
        return found

    def close(self) -> None:
        """Removes the temporary folder."""
        if self._made is not None:
            self._made.cleanup()
            self._made = None


def make_state(
    url: str,
    *,
    media_dir: str | Path | None,
    service: Service | None,
    server_ready_timeout: float | None,
    token: str | None,
    timeout: float,
    app: AsgiApp | None,
    retries: int,
) -> ClientState:
    """The state that the arguments of a client make. An app in this process is not waited for."""
    headers = {"user-agent": f"ekiben/{ekiben.__version__}"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    ready_s = 0.0 if app is not None else timeout if server_ready_timeout is None else server_ready_timeout
    state = ClientState(
        Address(url, app, headers, timeout),
        ready_s,
        RetryPolicy(most=retries),
        Path(media_dir) if media_dir is not None else None,
    )
    if service is not None:
        state.endpoints = endpoints_of(service)
    return state
