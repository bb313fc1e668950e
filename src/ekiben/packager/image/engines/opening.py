"""`open_engine`: an engine that runs a Containerfile, by its name: one of ours, or one that a package brings along.

A package brings engines in the entry-point group `ekiben.engines`: the name of each, and a callable that is given the
environment (`Mapping[str, str]`) and returns an `Engine`. Our own names cannot be taken.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.errors import EngineUnavailable
from ekiben.packager.image.engines.docker import DockerEngine
from ekiben.packager.image.engines.engine import Engine
from ekiben.packager.image.engines.podman import PodmanEngine

GROUP = "ekiben.engines"

_SOCKET = Path("/var/run/docker.sock")

EngineFactory: TypeAlias = Callable[[Mapping[str, str]], Engine]

_OURS: Mapping[str, EngineFactory] = {
    "docker": DockerEngine,
    "buildx": partial(DockerEngine, name="buildx"),
    "podman": PodmanEngine,
    "buildah": partial(PodmanEngine, name="buildah"),
}
_WITHOUT_DOCKER = ("podman", "buildah")  # what `auto` takes, in this order, where there is no docker command


def open_engine(name: str, environ: Mapping[str, str]) -> Engine:
    """The engine of this name. Raises EngineUnavailable where there is none, or it cannot be imported."""
    if name in _OURS:
        return _OURS[name](environ)
    entry = third_party_engines().get(name)
    if entry is None:
        raise EngineUnavailable(f"no installed package brings the engine `{name}`", hint="install the one that does")
    try:
        factory = entry.load()
    except (ImportError, AttributeError) as error:
        raise EngineUnavailable(f"the engine `{name}` ({entry.value}) cannot be imported: {error}") from error
    engine = factory(environ)
    if not isinstance(engine, Engine):
        raise EngineUnavailable(f"what `{entry.value}` gives for `{name}` is no engine: it lacks `check` or `build`")
    return engine


def third_party_engines() -> dict[str, EntryPoint]:
    """The engines that installed packages bring, by name, but for names of ours."""
    return {entry.name: entry for entry in entry_points(group=GROUP) if entry.name not in (*_OURS, "auto", "native")}


def engine_at_hand(environ: Mapping[str, str]) -> str:
    """The engine that `auto` takes to run a Containerfile: Docker where its command is on PATH, or nothing else is."""
    path = environ.get("PATH", "")
    if shutil.which("docker", path=path):
        return "docker"
    return next((name for name in _WITHOUT_DOCKER if shutil.which(name, path=path)), "docker")


def storage_at_hand(environ: Mapping[str, str], socket: Path = _SOCKET) -> Literal["engine", "podman"]:
    """Where an image goes of which nobody says where: to podman where that is and Docker is not, neither its command
    nor an address of it nor its socket."""
    path = environ.get("PATH", "")
    is_told = environ.get("DOCKER_HOST") or environ.get("DOCKER_CONTEXT")
    if is_told or shutil.which("docker", path=path) or socket.exists():
        return "engine"
    return "podman" if shutil.which("podman", path=path) else "engine"
