"""Keys that a bentofile may hold and that this version does not act on. They are refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from ekiben.errors import NotActedOn
from ekiben.packager.bentofile.document import Document, Route, dotted
from ekiben.packager.bentofile.schema import BentofileLevel

_RUNTIME_ONLY = "only `all` and `runtime` are; a value needed while the image is built goes into `docker.env`"
_BY_REQUIREMENT = "name the wheel or repository under `python.packages`: what is installed is always locked"


def refuse_unused(level: BentofileLevel, document: Document) -> None:
    """Raises NotActedOn, with its place, for the first key in `level` that would have no effect."""
    for route, hint in _unused(level):
        place = document.place_of(route, is_key=True)
        where = ":".join(str(part) for part in (document.path, *(_known(place.line, place.column) if place else ())))
        raise NotActedOn(f"{where}: `{dotted(route)}` is not acted on by this version of ekiben", hint=hint)


def _unused(level: BentofileLevel) -> Iterator[tuple[Route, str | None]]:
    python, docker, conda = level.python, level.docker, level.conda
    for name in conda.model_fields_set:
        yield ("conda", name), "list what is needed under `python.packages` and `docker.system_packages`"
    if docker.dockerfile_template:
        yield ("docker", "dockerfile_template"), "`docker.setup_script` can run commands in the image"
    if docker.cuda_version:
        yield (
            ("docker", "cuda_version"),
            "wheels that bring CUDA along need no CUDA base; or name a `docker.base_image`",
        )
    if docker.distro != "debian":
        yield ("docker", "distro"), "only `debian` is; for another system name a `docker.base_image`"
    if level.args:
        yield ("args",), None
    if python.pip_args:
        yield ("python", "pip_args"), "indexes have keys of their own: `index_url`, `extra_index_url`, `find_links`"
    if python.wheels:
        yield ("python", "wheels"), _BY_REQUIREMENT
    if not python.lock_packages:
        yield ("python", "lock_packages"), "dependencies are always locked with their hashes"
    if not python.pack_git_packages:
        yield ("python", "pack_git_packages"), _BY_REQUIREMENT
    for index, model in enumerate(level.models):
        if model.filter:
            yield ("models", index, "filter"), "name the version in `tag`"
    for index, variable in enumerate(level.envs):
        if variable.stage == "build":
            yield ("envs", index, "stage"), _RUNTIME_ONLY


def _known(*parts: int | None) -> tuple[int, ...]:
    return tuple(part for part in parts if part is not None)
