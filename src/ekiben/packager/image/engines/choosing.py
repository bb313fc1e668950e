"""Which engine a name means. `auto` takes the native one where it can make the image, else Docker's."""

from __future__ import annotations

from typing import Literal, TypeAlias

from ekiben.errors import ImageError, NotActedOn, UsageError

EngineName: TypeAlias = Literal["native", "docker"]

ENGINES = ("auto", "native", "docker")
_NOT_YET = ("buildx", "podman", "buildah")


def choose_engine(name: str, *, obstacle: str | None, needs_native: str | None) -> tuple[EngineName, str]:
    """The engine for `name`, and why it is that one.

    `obstacle` is why the native one cannot make this image, `needs_native` what only that one can do, each None where
    there is no such thing. Raises ImageError where both are there, or either forbids the engine that was named;
    NotActedOn for an engine that a later version brings; UsageError for other names.
    """
    if name in _NOT_YET:
        raise NotActedOn(f"the engine `{name}` is not there yet", hint="use `--engine docker`")
    if name not in ENGINES:
        raise UsageError(f"`{name}` is no engine", hint=f"engines are: {', '.join(ENGINES)}")
    if name == "docker" and needs_native:
        raise UsageError(f"{needs_native} needs the native engine", hint="leave `--engine docker` out")
    if obstacle and needs_native:
        raise ImageError(f"{needs_native} needs the native engine, which cannot make this image: {obstacle}")
    if obstacle and name == "native":
        raise ImageError(f"the native engine cannot make this image: {obstacle}", hint="use `--engine docker`")
    if name == "auto":
        return ("docker", obstacle) if obstacle else ("native", "nothing has to be run in the image")
    return ("native" if name == "native" else "docker"), "asked for"
