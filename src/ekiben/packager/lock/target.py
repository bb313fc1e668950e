"""`Target`: the image's Python and platform."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from ekiben.errors import LockError
from ekiben.store.receipt import host_platform

# The resolver counts a wheel as usable up to this glibc: that of Debian 12, the oldest `python:X-slim` in use. Lower
# would refuse packages whose only wheels need more (manylinux_2_34 exists) though the default image runs them. An own
# base that is older fails loudly at install, and only for such packages: a lock has the hashes of all wheels of a
# version.
GLIBC_FLOOR = "2_36"

_MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
_PYTHON = re.compile(r"3\.\d{1,2}")


@dataclass(frozen=True, slots=True)
class Target:
    """What a lock is for: `python` as `X.Y`, `platform` as `os/architecture`. One that exists can be locked for."""

    python: str
    platform: str

    def __post_init__(self) -> None:
        if not _PYTHON.fullmatch(self.python):
            raise LockError(f"`{self.python}` is no Python version to lock for", hint="write it as `3.11`")
        if self.platform not in _MACHINES:
            raise LockError(
                f"`{self.platform}` is no platform to lock for", hint=f"one of: {', '.join(sorted(_MACHINES))}"
            )

    @property
    def uv_platform(self) -> str:
        """The platform as `uv --python-platform` spells it."""
        return f"{_MACHINES[self.platform]}-manylinux_{GLIBC_FLOOR}"

    @property
    def is_host(self) -> bool:
        """Whether the running interpreter is of this minor version, on this operating system and architecture."""
        return self == host_target()

    def __str__(self) -> str:
        return f"Python {self.python} on {self.platform}"


def host_target() -> Target | None:
    """The running interpreter as a target; None on a platform that no image of ours has."""
    name = host_platform()
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", name) if name in _MACHINES else None
