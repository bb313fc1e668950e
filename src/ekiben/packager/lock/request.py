"""`LockRequest` and `Lock`: what locking is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.packager.lock.indexes import PLAIN_RULES, Rules
from ekiben.packager.lock.lockfile import LockedPackage, format_lock
from ekiben.packager.lock.target import DEFAULT_LIBC, Target

LockTool: TypeAlias = Literal["uv", "pip-tools"]
LockSource: TypeAlias = Literal["resolved now", "cache", "bento.lock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """What to lock, and for which image.

    `requirements` are lines as in a requirements file; `-r FILE` and `-c FILE` among them are followed inside
    `project`, so a bentofile's `requirements_txt` is the line `-r requirements.txt`. The index
    settings are the bentofile's; pip's configuration is added to them (see `PipSettings.for_project`). `rules` say how
    packages are looked for there. Where it does not `pack_repositories`, no wheel is made of them.

    `preferred` are pins to keep wherever the requirements allow it; `exclude_newer` is an RFC 3339 time in UTC: files
    that an index got later do not exist.
    """

    requirements: tuple[str, ...]
    project: Path
    python: str
    platform: str = "linux/amd64"
    libc: str = DEFAULT_LIBC
    tool: LockTool = "uv"
    index_url: str | None = None
    extra_index_url: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_host: tuple[str, ...] = ()
    pack_repositories: bool = True
    rules: Rules = PLAIN_RULES
    preferred: tuple[LockedPackage, ...] = ()
    exclude_newer: str | None = None

    @property
    def target(self) -> Target:
        """The image that is locked for. Raises LockError for one that cannot be."""
        return Target(self.python, self.platform, self.libc)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The pins for one target, sorted by name, and `intent`, the text of requirements.in. All three depend on nothing
    but what was asked and found; the other fields are true of the making and belong in a receipt."""

    packages: tuple[LockedPackage, ...]
    intent: str
    target: Target
    tool: LockTool
    tool_version: str
    source: LockSource
    created: datetime
    exclude_newer: str | None = None

    @property
    def text(self) -> str:
        """requirements.lock."""
        return format_lock(self.packages)
