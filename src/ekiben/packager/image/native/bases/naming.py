"""`BaseName`: how a base image is named, wherever it lies. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.errors import ImageError
from ekiben.oci.reference import Reference

BaseKind: TypeAlias = Literal["reference", "engine", "layout", "archive", "host"]

HOST = "host"
_PREFIXES: dict[str, BaseKind] = {"oci": "layout", "docker-archive": "archive", "docker-daemon": "engine"}


@dataclass(frozen=True, slots=True)
class CopiedPython:
    """The Python of `image`, a reference, for a base that has none of the minor `version`: `3.11 python:3.11-slim`."""

    version: str
    image: str

    @classmethod
    def parse(cls, text: str) -> CopiedPython:
        """What `str` gives. Raises ImageError or InvalidReference for another text."""
        version, _, image = text.partition(" ")
        if not re.fullmatch(r"3\.\d{1,2}", version):
            raise ImageError(f"`{text}` says of no Python where it is from")
        Reference.parse(image)
        return cls(version, image)

    def __str__(self) -> str:
        return f"{self.version} {self.image}"


@dataclass(frozen=True, slots=True)
class BaseName:
    """`text` as it was asked for; `path` where it is on this disk; `name` is the image's own there, or a reference.

    A `reference` is one of a registry, or of the engine that the image goes to, if that has it; before both are asked,
    it is looked for in the layout `carried`. `copied` is the Python that it gets where it lacks it.
    """

    kind: BaseKind
    text: str
    path: Path | None = None
    name: str | None = None
    copied: CopiedPython | None = None
    carried: Path | None = None

    @classmethod
    def parse(cls, text: str) -> BaseName:
        """The base that `text` names. Raises ImageError."""
        prefix, colon, rest = text.partition(":")
        kind = _PREFIXES.get(prefix) if colon else None
        if text == HOST:
            return cls("host", text)
        if kind is None:
            Reference.parse(text)
            return cls("reference", text, name=text)
        if not rest:
            raise ImageError(f"`{text}` names no base image", hint=f"write `{prefix}:` and where it is")
        if kind == "engine":
            Reference.parse(rest)
            return cls(kind, text, name=rest)
        path, name = split_place(rest)
        return cls(kind, text, path, name)

    @property
    def below(self) -> tuple[BaseName, ...]:
        """The image that Python is copied from, as far as it is known by its name alone whether one is."""
        return (replace(BaseName.parse(self.copied.image), carried=self.carried),) if self.copied else ()

    @property
    def reference(self) -> str | None:
        """What it is called for whoever does not sit at this machine; None for what lies on its disk."""
        return self.name if self.kind in ("reference", "engine") else None


def is_place(text: str) -> bool:
    """Whether `text` names a base that no Containerfile can: by its place, or `host`."""
    return text == HOST or text.partition(":")[0] in _PREFIXES


def split_place(text: str) -> tuple[Path, str | None]:
    """`PATH:NAME` in its parts. Both may have colons: the longest path that is there is meant, else the one before the
    first colon."""
    ends = [at for at, sign in enumerate(text) if sign == ":" and 0 < at < len(text) - 1]
    places = [(Path(text), None), *((Path(text[:at]), text[at + 1 :]) for at in reversed(ends))]
    return next((place for place in places if place[0].exists()), places[-1])
