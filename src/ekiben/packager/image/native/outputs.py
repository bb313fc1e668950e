"""`Output`: where a finished image goes. Pure: how it is brought there is `delivering`'s."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.errors import UsageError
from ekiben.oci.layout import checked_name
from ekiben.packager.image.native.bases.naming import split_place

OutputKind: TypeAlias = Literal["engine", "podman", "layout", "archive", "registry"]

_HINT = "write `oci:DIR[:NAME]`, `docker-archive:FILE`, `docker` or `podman`"
_STORAGES: dict[str, OutputKind] = {"docker": "engine", "podman": "podman"}


@dataclass(frozen=True, slots=True)
class Output:
    """The Docker engine, podman's storage or a registry, where the image gets its references; a layout in the folder
    `path`, where it is called `name`; an archive, the file `path`."""

    kind: OutputKind
    path: Path | None = None
    name: str | None = None

    @property
    def holds_one_platform(self) -> bool:
        """Whether there is no place for an index."""
        return self.kind in ("engine", "podman", "archive")

    @property
    def needs_native(self) -> bool:
        """Whether an engine that runs a Containerfile cannot bring an image there."""
        return self.kind not in ("engine", "podman")


def refuse_platforms(output: Output, platforms: Sequence[object]) -> None:
    """Raises UsageError where several platforms are to go to what holds one."""
    if len(platforms) > 1 and output.holds_one_platform:
        place = {"engine": "the Docker engine", "podman": "podman's storage"}.get(output.kind, "an archive for Docker")
        asked = ", ".join(f"`{one}`" for one in platforms)
        raise UsageError(
            f"{place} holds an image for one platform, and this is for {asked}",
            hint="make an index of them with `--push` or `--output oci:DIR`, or take one `--platform`",
        )


def parse_output(text: str | None, *, pushes: bool, default: OutputKind = "engine") -> Output:
    """What `--output` and `--push` ask for: `default` where neither does. Raises UsageError."""
    if text is not None and pushes:
        raise UsageError("`--output` and `--push` name two places", hint="make the image twice: the second is quick")
    if pushes:
        return Output("registry")
    if text is None or text in _STORAGES:
        return Output(_STORAGES[text] if text else default)
    kind, colon, place = text.partition(":")
    if not colon or not place or kind not in ("oci", "docker-archive"):
        raise UsageError(f"`{text}` is no place for an image", hint=_HINT)
    if kind == "docker-archive":
        return Output("archive", Path(place))
    path, name = split_place(place)
    return Output("layout", path, checked_name(name) if name else None)
