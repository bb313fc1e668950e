"""Which engine a name means. `auto` takes the native one where it can make the image, else one that runs a
Containerfile. Pure: what there is on this machine is `opening`'s to see."""

from __future__ import annotations

from collections.abc import Collection

from ekiben.errors import ImageError, UsageError

RUNNERS = ("docker", "buildx", "podman", "buildah")  # our own engines that run a Containerfile
# Which engines leave an image where `--output` may say that it shall be.
_KEEPERS = {"docker": ("native", "docker", "buildx"), "podman": ("native", "podman", "buildah")}


def choose_engine(
    name: str,
    *,
    obstacle: str | None,
    needs_native: str | None,
    at_hand: str = "docker",
    others: Collection[str] = (),
) -> tuple[str, str]:
    """The engine for `name`, and why it is that one.

    `obstacle` is why the native one cannot make this image, `needs_native` what only that one can do, each None where
    there is no such thing; `at_hand` is what `auto` takes to run a Containerfile, `others` are third parties' engines.
    Raises ImageError where obstacle and wish are both there, or either forbids the engine that was named; UsageError
    for names of no engine.
    """
    known = ("auto", "native", *RUNNERS, *sorted(others))
    if name not in known:
        raise UsageError(f"`{name}` is no engine", hint=f"engines are: {', '.join(known)}")
    if name not in ("auto", "native") and needs_native:
        raise UsageError(f"{needs_native} needs the native engine", hint=f"leave `--engine {name}` out")
    if obstacle and needs_native:
        raise ImageError(f"{needs_native} needs the native engine, which cannot make this image: {obstacle}")
    if obstacle and name == "native":
        raise ImageError(f"the native engine cannot make this image: {obstacle}", hint=f"use `--engine {at_hand}`")
    if name == "auto":
        return (at_hand, obstacle) if obstacle else ("native", "nothing has to be run in the image")
    return name, "asked for"


def refuse_foreign_storage(engine: str, output: str | None) -> None:
    """Raises UsageError where an image is wanted in Docker's or podman's storage and this one keeps it elsewhere."""
    if output in _KEEPERS and engine not in _KEEPERS[output]:
        raise UsageError(f"{engine} keeps images in a storage of its own", hint=f"leave `--output {output}` out")
