"""The `docker` command: which one on PATH can build with BuildKit, and what a build's argument list is.

The SDK for Python knows only the engine's legacy builder, so builds go through the command. A machine may have several:
one of version 23 or later does BuildKit through its buildx plugin and not without it, an older one does it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import EngineUnavailable
from ekiben.packager.asking import output_of
from ekiben.packager.image.engines.engine import BuildJob
from ekiben.packager.image.engines.options import csv_line, flags_of

_VERSION = re.compile(r"Docker version (\d+)\.(\d+)")
_OLDEST_WITH_BUILDKIT = (18, 9)
_FIRST_WITHOUT_ITS_OWN = (23, 0)
_PROBE_S = 20.0
_REMEDY = (
    "install the buildx plugin (the package `docker-buildx` or `docker-buildx-plugin`), or use `--engine podman` or"
    " `--engine buildah` where one is"
)


@dataclass(frozen=True, slots=True)
class DockerCli:
    """A command that can do BuildKit, with the words behind it that build; `needs_load` where a builder must be told to
    hand the image over."""

    path: Path
    version: str
    needs_load: bool
    words: tuple[str, ...] = ("build",)


def find_docker_cli(environ: Mapping[str, str]) -> DockerCli:
    """The first `docker` on PATH that can do BuildKit. Raises EngineUnavailable, saying of each one why it cannot."""
    reasons = []
    for path in _commands(environ, "docker"):
        version = output_of([str(path), "--version"], environ, timeout_s=_PROBE_S)
        buildx = output_of([str(path), "buildx", "version"], environ, timeout_s=_PROBE_S)
        if (reason := why_no_buildkit(version, has_buildx=buildx is not None)) is None:
            return DockerCli(path, (version or "").strip(), needs_load=buildx is not None)
        reasons.append(f"`{path}` {reason}")
    if not reasons:
        raise EngineUnavailable(
            "there is no `docker` command on PATH",
            hint="install Docker (the package `docker.io` of Debian and Ubuntu), or use `--engine podman`",
        )
    raise EngineUnavailable(
        f"no `docker` command on PATH can build with BuildKit: {'; '.join(reasons)}",
        hint=_REMEDY,
    )


def find_buildx(environ: Mapping[str, str]) -> DockerCli:
    """buildx: as a plugin of a `docker` on PATH, else by itself, as `docker-buildx` or `buildx`. Raises
    EngineUnavailable."""
    plugins = [(path, ("buildx",)) for path in _commands(environ, "docker")]
    alone = [(path, ()) for name in ("docker-buildx", "buildx") for path in _commands(environ, name)]
    for path, words in [*plugins, *alone]:
        version = output_of([str(path), *words, "version"], environ, timeout_s=_PROBE_S)
        if version is not None and "buildx" in version:
            return DockerCli(path, version.strip(), needs_load=True, words=(*words, "build"))
    raise EngineUnavailable("no buildx is on PATH, neither by itself nor as a plugin of `docker`", hint=_REMEDY)


def why_no_buildkit(version: str | None, *, has_buildx: bool) -> str | None:
    """Why a command whose `--version` says this cannot do BuildKit; None where it can."""
    found = _VERSION.match(version or "")
    if found is None:
        return f"is no Docker: {version.strip()}" if version else "does not run"
    number = (int(found[1]), int(found[2]))
    if number < _OLDEST_WITH_BUILDKIT:
        return f"is of version {found[1]}.{found[2]}, and BuildKit came with 18.09"
    if number >= _FIRST_WITHOUT_ITS_OWN and not has_buildx:
        return f"is of version {found[1]} and has no buildx plugin"
    return None


def build_arguments(cli: DockerCli, job: BuildJob, iidfile: Path) -> list[str]:
    """The argument list of `docker build` for `job`, to be run in the folder that holds the context.

    BuildKit keeps what it was sent under the context's name as the command line spells it, and next time is sent only
    what changed. So the context goes by its bare name: its path is new for every build, and models would be sent again.
    """
    file = job.containerfile.relative_to(job.context.parent)
    arguments = [str(cli.path), *cli.words, "--progress=plain", f"--file={file}", f"--iidfile={iidfile}"]
    if job.pushes:
        arguments.append("--push")
    elif cli.needs_load:
        arguments.append("--load")
    arguments += [f"--tag={reference}" for reference in job.references]
    if job.platform:
        arguments.append(f"--platform={job.platform}")
    arguments += [f"--label={name}={value}" for name, value in sorted(job.labels.items())]
    for secret in job.secrets:
        arguments += ["--secret", csv_line([f"id={secret.name}", f"src={secret.path}"])]
    if not job.use_cache:
        arguments.append("--no-cache")
    return [*arguments, *flags_of(job.options), job.context.name]


def build_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for a build: BuildKit on, and no attestations, which hold times."""
    return {**environ, "DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def _commands(environ: Mapping[str, str], name: str) -> Iterator[Path]:
    """Every command of this name on PATH, in order, each file once (`/bin` is often a link to `/usr/bin`)."""
    seen = set()
    for folder in environ.get("PATH", "").split(":"):
        path = Path(folder or ".") / name
        if path.is_file() and (real := path.resolve()) not in seen:
            seen.add(real)
            yield path
