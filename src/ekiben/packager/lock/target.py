"""`Target`: the image's Python, platform and C library, which decide the wheels that can be installed."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from ekiben.errors import LockError
from ekiben.store.receipt import host_platform

# Of an image of which nothing is known: the glibc of Debian 12, the oldest `python:X-slim` in use. Lower would refuse
# packages whose only wheels need more (manylinux_2_34 exists) though the default image runs them.
DEFAULT_LIBC = "manylinux_2_36"

MACHINES = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
_PYTHON = re.compile(r"3\.\d{1,2}")
_LIBC = re.compile(r"(manylinux|musllinux)_(\d+)_(\d+)")


@dataclass(frozen=True, slots=True)
class Target:
    """What a lock is for: `python` as `X.Y`, `platform` as `os/architecture`, `libc` as the newest wheel tag that the
    image's C library runs (PEP 600, PEP 656), without its architecture. One that exists can be locked for."""

    python: str
    platform: str
    libc: str = DEFAULT_LIBC

    def __post_init__(self) -> None:
        if not _PYTHON.fullmatch(self.python):
            raise LockError(f"`{self.python}` is no Python version to lock for", hint="write it as `3.11`")
        if self.platform not in MACHINES:
            raise LockError(
                f"`{self.platform}` is no platform to lock for", hint=f"one of: {', '.join(sorted(MACHINES))}"
            )
        if not _LIBC.fullmatch(self.libc):
            raise LockError(f"`{self.libc}` is no wheel tag of a C library", hint="such as `manylinux_2_36`")

    @property
    def machine(self) -> str:
        """The architecture as wheel tags spell it: `x86_64`."""
        return MACHINES[self.platform]

    @property
    def is_musl(self) -> bool:
        """Whether the image's C library is musl (Alpine), which runs no manylinux wheel."""
        return self.libc.startswith("musl")

    @property
    def libc_version(self) -> tuple[int, int]:
        """The C library's version: `(2, 36)`."""
        _, major, minor = self.libc.split("_")
        return int(major), int(minor)

    @property
    def libc_name(self) -> str:
        """The C library for people: `glibc 2.36`."""
        major, minor = self.libc_version
        return f"{'musl' if self.is_musl else 'glibc'} {major}.{minor}"

    @property
    def is_host(self) -> bool:
        """Whether the running interpreter is of this minor version, on this operating system and architecture."""
        host = host_target()
        return host is not None and (self.python, self.platform) == (host.python, host.platform)

    def __str__(self) -> str:
        return f"Python {self.python} on {self.platform}"


def host_target() -> Target | None:
    """The running interpreter as a target; None on a platform that no image of ours has."""
    name = host_platform()
    return Target(f"{sys.version_info.major}.{sys.version_info.minor}", name) if name in MACHINES else None
