"""`Origin`: where a package came from that no index gave; `OwnWheel`: the wheel that was made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

OriginKind: TypeAlias = Literal["wheel", "path", "vcs"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A wheel of the project, a folder of it, or a repository. `url` is a path in the project (`./libs/mylib`), or that
    of a repository elsewhere; it carries no credential and no path of a machine. `revision` is the commit that was
    built, `requested` the branch or tag that was asked for."""

    kind: OriginKind
    url: str | None = None
    revision: str | None = None
    requested: str | None = None


@dataclass(frozen=True, slots=True)
class OwnWheel:
    """A wheel that a Bento carries, since no index has it. `path` is the file in the store's cache, alone in its
    folder; `sha256` is `sha256:<hex>`."""

    path: Path
    name: str
    version: str
    sha256: str
    origin: Origin
