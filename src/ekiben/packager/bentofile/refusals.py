"""Keys that a bentofile may hold and that this version does not act on. They are refused by name, never ignored."""

from __future__ import annotations

from collections.abc import Iterator

from ekiben.errors import NotActedOn
from ekiben.packager.bentofile.document import Document, Route, dotted
from ekiben.packager.bentofile.schema import BentofileLevel


def refuse_unused(level: BentofileLevel, document: Document) -> None:
    """Raises NotActedOn, with its place, for the first key in `level` that would have no effect."""
    for route, hint in _unused(level):
        error = document.error(f"`{dotted(route)}` is not acted on by this version of ekiben", route, is_key=True)
        raise NotActedOn(error.message, hint=hint)


def _unused(level: BentofileLevel) -> Iterator[tuple[Route, str | None]]:
    if (
        level.docker.distro != "debian"
    ):  # a lock is for glibc of Debian's age: what it pins would not run on another's libc
        yield ("docker", "distro"), "only `debian` is; for another system name a `docker.base_image`"
