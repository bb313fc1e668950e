"""`Origin`: where a package came from that no index gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

OriginKind: TypeAlias = Literal["wheel", "path", "vcs"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A wheel of the project's, a folder of it, or a repository. `url` carries no credential and no path of a machine;
    `revision` is the commit that was built."""

    kind: OriginKind
    url: str | None = None
    revision: str | None = None
