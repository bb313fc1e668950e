"""Which engine a name means. `auto` takes the Docker engine while it is the only one."""

from __future__ import annotations

from collections.abc import Mapping

from ekiben.errors import NotActedOn, UsageError
from ekiben.packager.image.engines.docker import DockerEngine
from ekiben.packager.image.engines.engine import Engine

ENGINES = ("auto", "docker")
_NOT_YET = ("native", "buildx", "podman", "buildah")


def choose_engine(name: str, environ: Mapping[str, str]) -> Engine:
    """The engine for `name`. Raises NotActedOn for one that a later version brings, UsageError for other names."""
    if name in ENGINES:
        return DockerEngine(environ)
    if name in _NOT_YET:
        raise NotActedOn(f"the engine `{name}` is not there yet", hint="use `--engine docker`")
    raise UsageError(f"`{name}` is no engine", hint=f"engines are: {', '.join(ENGINES)}")
