"""The `podman` and `buildah` commands: whether they can build, a build's argument list, what they say of an image.

Both build with the same code and take the same flags. What they are asked comes back as JSON.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.errors import EngineFailed, EngineUnavailable, ImageError
from ekiben.packager.asking import output_of
from ekiben.packager.image.engines.engine import BuildJob, ImageLayer, Secret
from ekiben.packager.image.engines.options import flags_of

ProgramName: TypeAlias = Literal["podman", "buildah"]

_VERSION = re.compile(r"(?:podman|buildah) version (\d+)\.(\d+)\S*")
_OLDEST = {"podman": (4, 0), "buildah": (1, 24)}  # the first that know cache mounts and mounts from other stages
_PROBE_S = 60.0  # the first question of a user sets the storage up


@dataclass(frozen=True, slots=True)
class Podman:
    """A podman or buildah command that works here. `containers` is where its storage keeps a folder for each one."""

    name: ProgramName
    path: Path
    version: str
    is_rootless: bool
    containers: Path

    def __str__(self) -> str:
        return f"{self.name} {self.version}{', rootless' if self.is_rootless else ''} ({self.path})"


def find_podman(name: ProgramName, environ: Mapping[str, str]) -> Podman:
    """The command of this name on PATH. Raises EngineUnavailable where it is missing, too old or without storage."""
    path = shutil.which(name, path=environ.get("PATH", ""))
    if path is None:
        raise EngineUnavailable(f"there is no `{name}` command on PATH", hint=f"install the package `{name}`")
    found = _VERSION.match(output_of([path, "--version"], environ, timeout_s=_PROBE_S) or "")
    if found is None:
        raise EngineUnavailable(f"`{path}` does not say its version", hint=f"see what `{name} --version` prints")
    oldest = _OLDEST[name]
    if (int(found[1]), int(found[2])) < oldest:
        wanted = ".".join(map(str, oldest))
        raise EngineUnavailable(
            f"`{path}` is of version {found[1]}.{found[2]}", hint=f"{name} {wanted} or later builds"
        )
    is_rootless, containers = _told(output_of([path, "info", *_AS_JSON[name]], environ, timeout_s=_PROBE_S), name)
    return Podman(name, Path(path), found[0].split()[-1], is_rootless, containers)


def build_arguments(program: Podman, job: BuildJob, iidfile: Path) -> list[str]:
    """The argument list of `podman build` for `job`, to be run in the folder that holds the context.

    Docker's format, since OCI's knows no health check; `--layers`, which alone makes buildah keep a cache, and
    `--force-rm`, without which it keeps the containers of a build that fails.
    """
    file = job.containerfile.relative_to(job.context.parent)
    arguments = [str(program.path), "build", "--format=docker", "--layers", "--force-rm"]
    arguments += [f"--file={file}", f"--iidfile={iidfile}"]
    arguments += [f"--tag={reference}" for reference in job.references]
    if job.platform:
        arguments.append(f"--platform={job.platform}")
    arguments += [f"--label={name}={value}" for name, value in sorted(job.labels.items())]
    for secret in job.secrets:
        arguments += ["--secret", _secret_value(secret, program.name)]
    if not job.use_cache:
        arguments.append("--no-cache")
    return [*arguments, *flags_of(job.options), job.context.name]


def image_layers(program: Podman, image_id: str, environ: Mapping[str, str]) -> tuple[ImageLayer, ...]:
    """The layers of an image that the program holds, bottom up. Raises EngineFailed where it does not show them."""
    ask, read = _HISTORY[program.name]
    answer = output_of([str(program.path), *ask, image_id], environ, timeout_s=_PROBE_S)
    try:
        return tuple(layer for layer in read(json.loads(answer or "")) if layer.size_bytes)
    except (ValueError, TypeError, LookupError) as error:
        raise EngineFailed(f"{program.name} built `{image_id}` and does not show it") from error


def _podmans_layers(history: list[Mapping[str, object]]) -> list[ImageLayer]:
    return [
        ImageLayer(size_bytes=int(str(step["size"])), created_by=str(step.get("CreatedBy", "")))
        for step in reversed(history)
    ]


def _buildahs_layers(image: Mapping[str, object]) -> list[ImageLayer]:
    """The sizes are the manifest's, which is text inside; the commands are those of the history that made a layer."""
    sizes = [int(layer["size"]) for layer in json.loads(str(image["Manifest"]))["layers"]]
    document: object = image["OCIv1"]
    if not isinstance(document, dict):
        raise TypeError("no image document")
    made = [str(step.get("created_by", "")) for step in document["history"] if not step.get("empty_layer")]
    return [ImageLayer(*pair) for pair in zip(made, sizes, strict=True)]


_AS_JSON: Mapping[ProgramName, Sequence[str]] = {"podman": ("--format", "json"), "buildah": ()}
_HISTORY: Mapping[ProgramName, tuple[Sequence[str], Callable[..., list[ImageLayer]]]] = {
    "podman": (("history", "--no-trunc", "--format", "json"), _podmans_layers),
    "buildah": (("inspect", "--type", "image"), _buildahs_layers),
}


def _told(answer: str | None, name: ProgramName) -> tuple[bool, Path]:
    """Whether the program runs without root, and where its storage keeps containers."""
    try:
        told = json.loads(answer or "")
        host, store = told["host"], {key.lower(): value for key, value in told["store"].items()}
        is_rootless = host.get("security", host).get("rootless") is True
        return is_rootless, Path(store["graphroot"]) / f"{store['graphdrivername']}-containers"
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise EngineUnavailable(
            f"`{name} info` fails: it cannot use its storage",
            hint="see what it prints; without root it needs lines for this user in /etc/subuid and /etc/subgid",
        ) from error


def _secret_value(secret: Secret, name: ProgramName) -> str:
    """Unlike Docker they split the value at every comma."""
    if "," in str(secret.path):
        raise ImageError(f"{name} takes no secret whose path has a comma: `{secret.path}`", hint="link it elsewhere")
    return f"id={secret.name},src={secret.path}"
