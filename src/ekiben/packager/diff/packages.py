"""Which Python packages differ between two Bentos, platform by platform, by their locks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from packaging.version import InvalidVersion, Version

from ekiben.errors import DamagedItem, LockError
from ekiben.packager.diff.reading import read_file
from ekiben.packager.lock.lockfile import parse_lock
from ekiben.packager.lock.target import MACHINES
from ekiben.packager.parts import LOCK, platform_lock

PackageKind: TypeAlias = Literal["added", "removed", "upgraded", "downgraded", "changed", "rehashed"]
_MAX_BYTES = 16 * 1024 * 1024  # of a lock: a thousand packages with all their files need two


@dataclass(frozen=True, slots=True)
class Pin:
    """A package as one lock pins it."""

    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PackageChange:
    """A package that differs on one platform."""

    name: str
    platform: str
    old: Pin | None
    new: Pin | None

    @property
    def kind(self) -> PackageKind:
        """What became of it; `rehashed` is the same version with other files, `changed` what has no order."""
        if self.old is None:
            return "added"
        if self.new is None:
            return "removed"
        return _direction(self.old.version, self.new.version)


Pins: TypeAlias = Mapping[str, Mapping[str, Pin]]
"""Pins by name, by platform."""


def read_pins(folder: Path, platform: str) -> Pins:
    """The locks of the Bento in `folder`, whose first platform is `platform`; none where nothing was locked.

    Raises DamagedItem for a lock that cannot be read.
    """
    paths = {**{one: platform_lock(one) for one in MACHINES if one != platform}, platform: LOCK}
    found = {one: read_file(folder, path, _MAX_BYTES) for one, path in paths.items()}
    return {one: _pins(content, paths[one]) for one, content in found.items() if content is not None}


def diff_packages(old: Pins, new: Pins) -> tuple[PackageChange, ...]:
    """The packages that differ, by name and platform."""
    changes = [
        PackageChange(name, platform, before.get(name), after.get(name))
        for platform in old.keys() | new.keys()
        for before, after in [(old.get(platform, {}), new.get(platform, {}))]
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name)
    ]
    return tuple(sorted(changes, key=lambda one: (one.name, one.platform)))


def _pins(content: bytes, path: str) -> Mapping[str, Pin]:
    """The pins in a lock. What is wrong with a line is not repeated: it may hold anything."""
    if len(content) > _MAX_BYTES:
        raise DamagedItem(f"`{path}` is larger than {_MAX_BYTES} bytes")
    try:
        return {package.name: Pin(package.version, package.hashes) for package in parse_lock(content.decode())}
    except (LockError, UnicodeDecodeError) as error:
        raise DamagedItem(f"`{path}` is no lock", hint="see `ekiben verify`") from error


def _direction(old: str, new: str) -> PackageKind:
    if old == new:
        return "rehashed"
    try:
        before, after = Version(old), Version(new)
    except InvalidVersion:
        return "changed"
    if before == after:
        return "changed"
    return "upgraded" if before < after else "downgraded"
