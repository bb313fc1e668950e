"""Keys that a bentofile may hold and that this version does not act on. They are refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from ekiben.errors import NotActedOn
from ekiben.packager.bentofile.document import Document, Route, dotted
from ekiben.packager.bentofile.schema import BentofileLevel

_BY_REQUIREMENT = "name the wheel or repository under `python.packages`: what is installed is always locked"


def refuse_unused(level: BentofileLevel, document: Document) -> None:
    """Raises NotActedOn, with its place, for the first key in `level` that would have no effect."""
    for route, hint in _unused(level):
        error = document.error(f"`{dotted(route)}` is not acted on by this version of ekiben", route, is_key=True)
        raise NotActedOn(error.message, hint=hint)


def _unused(level: BentofileLevel) -> Iterator[tuple[Route, str | None]]:
    python, docker = level.python, level.docker
    if docker.distro != "debian":  # a lock is for glibc of Debian's age: what it pins would not run on another's libc
        yield ("docker", "distro"), "only `debian` is; for another system name a `docker.base_image`"
    if python.pip_args:
        yield ("python", "pip_args"), "indexes have keys of their own: `index_url`, `extra_index_url`, `find_links`"
    if python.wheels:
        yield ("python", "wheels"), _BY_REQUIREMENT
    if not python.pack_git_packages:
        yield ("python", "pack_git_packages"), _BY_REQUIREMENT
