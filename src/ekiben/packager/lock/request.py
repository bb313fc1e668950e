"""`LockRequest` and `Lock`: what locking is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.digest import Digest
from ekiben.packager.lock.lockfile import LockedPackage, parse_lock

LockTool: TypeAlias = Literal["uv", "pip-tools"]
LockSource: TypeAlias = Literal["resolved now", "cache"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRequest:
    """What to lock, and for which image.

    `requirements` are lines as in a requirements file; `-r FILE` and `-c FILE` among them are followed inside
    `project`, so a bentofile's `requirements_txt` is the line `-r requirements.txt`. The index
    settings are the bentofile's; pip's configuration is added to them (see `PipSettings.for_project`).
    """

    requirements: tuple[str, ...]
    project: Path
    python: str
    platform: str = "linux/amd64"
    tool: LockTool = "uv"
    index_url: str | None = None
    extra_index_url: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    no_index: bool = False
    trusted_host: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """`text` is requirements.lock, `intent` requirements.in. Both depend on nothing but what was asked and found; the
    other fields are true of the making and belong in a receipt."""

    text: str
    intent: str
    tool: LockTool
    tool_version: str
    source: LockSource
    created: datetime
    key: Digest

    @property
    def packages(self) -> list[LockedPackage]:
        """The pins, sorted by name."""
        return parse_lock(self.text)
