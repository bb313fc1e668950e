"""`ResolverJob` and `Resolution`: what every resolver is handed, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.packager.credentials import secrets_around
from ekiben.packager.lock.indexes import PLAIN_RULES, Rules
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pip_settings import TRUE_WORDS, PipSettings
from ekiben.packager.lock.target import Target

REQUIREMENTS = "requirements.in"
CONSTRAINTS = "constraints.txt"


@dataclass(frozen=True, slots=True)
class ResolverJob:
    """REQUIREMENTS, and CONSTRAINTS where there are any, lie in `folder`, where the resolver works. The folder's owner
    removes it. `preferred` are pins to keep where the requirements allow; files newer than `exclude_newer` (RFC 3339,
    UTC) do not exist."""

    folder: Path
    target: Target
    settings: PipSettings
    environ: Mapping[str, str]
    timeout_s: float
    preferred: tuple[LockedPackage, ...] = ()
    exclude_newer: str | None = None
    rules: Rules = PLAIN_RULES

    @property
    def is_offline(self) -> bool:
        """Whether the user has told uv to use no network, which then nobody does."""
        return self.environ.get("UV_OFFLINE", "").lower() in TRUE_WORDS

    @property
    def secrets(self) -> frozenset[str]:
        """What a resolver may know and nobody else may read."""
        return secrets_around(self.settings.locations, self.environ, self.settings.netrc)

    @property
    def pip_settings(self) -> PipSettings:
        """The settings for pip, which knows no index that has packages for itself: it is one more to ask."""
        further = (index.url_with_login(self.environ) for index in self.rules.own_indexes)
        return replace(self.settings, extra_index_urls=(*self.settings.extra_index_urls, *further))

    @property
    def constraint_arguments(self) -> list[str]:
        """The arguments, the same for both tools, that name the constraints."""
        return ["-c", CONSTRAINTS] if (self.folder / CONSTRAINTS).exists() else []


@dataclass(frozen=True, slots=True)
class Resolution:
    """The pins as the resolver found them, with every file that it knows; a file on this machine has its `file://` URL.
    `warnings` are its own, without a label."""

    packages: tuple[LockedPackage, ...]
    warnings: tuple[str, ...] = ()
