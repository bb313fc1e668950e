"""The Docker SDK for Python, and the only module that knows it: finding the engine, its version, images and their history.

The engine is found as the docker command finds it: DOCKER_HOST, else DOCKER_CONTEXT, else the context in use, else the
platform's socket. What the SDK raises becomes EngineUnavailable or EngineFailed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import docker
import docker.errors
import requests
from docker.context import ContextAPI

from ekiben.errors import EngineFailed, EngineUnavailable
from ekiben.packager.engines.engine import BuiltImage, ImageLayer

_TIMEOUT_S = 30  # seconds for one answer; an engine under load is slow to list
_OLDEST_ENGINE = (20, 10)  # the first whose own frontend knows the mounts of dockerfile 1.2
_REMEDY = "start it (`systemctl start docker`, Docker Desktop), or set DOCKER_HOST to one that answers"


@dataclass(frozen=True, slots=True)
class EngineVersion:
    """What the engine says of itself."""

    name: str
    version: str
    system: str


@contextmanager
def connect(environ: Mapping[str, str]) -> Iterator[docker.DockerClient]:
    """A client of the engine in use, closed afterwards. Raises EngineUnavailable where none answers."""
    where = environ.get("DOCKER_HOST") or "the default socket"
    try:
        client, where = _client(environ)
    except (docker.errors.DockerException, requests.RequestException, OSError, ValueError) as error:
        raise EngineUnavailable(f"no Docker engine can be reached at {where}: {error}", hint=_REMEDY) from error
    try:
        client.ping()
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        client.close()
        raise EngineUnavailable(f"no Docker engine answers at `{where}`: {_reason(error)}", hint=_REMEDY) from error
    try:
        yield client
    finally:
        client.close()


def engine_version(client: docker.DockerClient) -> EngineVersion:
    """Name, version and operating system of the engine."""
    answer = client.version()
    components = answer.get("Components") or [{}]
    return EngineVersion(
        name=str(components[0].get("Name", "Engine")),
        version=str(answer.get("Version", "")),
        system=str(answer.get("Os", "")),
    )


def why_unfit(found: EngineVersion) -> str | None:
    """Why an engine of this version cannot run a build of ours; None where it can."""
    if "podman" in found.name.lower():
        return f"{found.name} {found.version} answers in Docker's place, and it has no BuildKit"
    if found.system and found.system != "linux":
        return f"the engine runs `{found.system}` containers, and the image is for linux"
    major, minor, *_ = [*found.version.split("."), "0", "0"]
    if major.isdigit() and minor.isdigit() and (int(major), int(minor)) < _OLDEST_ENGINE:
        return f"the engine is of version {found.version}, and secret and cache mounts came with 20.10"
    return None


def look_at_image(client: docker.DockerClient, image_id: str, references: Sequence[str], engine: str) -> BuiltImage:
    """Size, layers and history of an image that the engine holds."""
    try:
        image = client.images.get(image_id)
        history = image.history()
    except (docker.errors.DockerException, requests.RequestException) as error:
        raise EngineFailed(f"the engine built `{image_id}` and does not show it: {_reason(error)}") from error
    layers = [ImageLayer(str(step["CreatedBy"]), int(step["Size"])) for step in reversed(history) if step["Size"]]
    return BuiltImage(
        id=image_id,
        references=tuple(references),
        size_bytes=int(image.attrs["Size"]),
        layers=tuple(layers),
        engine=engine,
    )


def _client(environ: Mapping[str, str]) -> tuple[docker.DockerClient, str]:
    """A client, and the address for messages."""
    if host := environ.get("DOCKER_HOST"):
        is_ssh = host.startswith("ssh://")
        return docker.from_env(environment=dict(environ), timeout=_TIMEOUT_S, use_ssh_client=is_ssh), host
    name = environ.get("DOCKER_CONTEXT")
    context = ContextAPI.get_context(name) if name else ContextAPI.get_current_context()
    if context is None or context.Host is None:
        return docker.from_env(environment=dict(environ), timeout=_TIMEOUT_S), "the default socket"
    host = context.Host
    is_ssh = host.startswith("ssh://")
    return docker.DockerClient(base_url=host, tls=context.TLSConfig, timeout=_TIMEOUT_S, use_ssh_client=is_ssh), host


def _reason(error: Exception) -> str:
    """The SDK wraps urllib3's wrapping of the system's error: the innermost says what matters."""
    while error.args and isinstance(error.args[-1], Exception):
        error = error.args[-1]
    return str(error)
