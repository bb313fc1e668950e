"""`ResolverJob`: what every resolver is handed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target

REQUIREMENTS = "requirements.in"
CONSTRAINTS = "constraints.txt"
OUTPUT = "requirements.lock"


@dataclass(frozen=True, slots=True)
class ResolverJob:
    """REQUIREMENTS, and CONSTRAINTS where there are any, lie in `folder`, where the resolver puts OUTPUT. The folder's
    owner removes it."""

    folder: Path
    target: Target
    settings: PipSettings
    environ: Mapping[str, str]
    timeout_s: float

    @property
    def constraint_arguments(self) -> list[str]:
        """The arguments, the same for both tools, that name the constraints."""
        return ["-c", CONSTRAINTS] if (self.folder / CONSTRAINTS).exists() else []
