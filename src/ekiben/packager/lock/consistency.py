"""Do a Bento's lock files agree with each other? What was asked for, what was pinned, and the wheels that lie there.

All of them are hashed, so a disagreement is no accident of the disk: somebody made the Bento so. Pure: texts in,
phrases out that follow the path of the lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion

from ekiben.errors import LockError
from ekiben.packager.lock.lines import logical_lines
from ekiben.packager.lock.lockfile import LockedPackage, parse_lock
from ekiben.packager.lock.pylock import parse_pylock

RUNTIME = "ekiben-runtime"  # ekiben's own wheel: pinned when the image is made, by its hash


def lock_faults(intent: str, lock: str, pylock: str | None) -> list[str]:
    """Where `lock` (requirements.lock) does not keep what `intent` (requirements.in) asks, or `pylock` differs."""
    try:
        pins = parse_lock(lock)
    except LockError as error:
        return [f"cannot be read: {error}"]
    return [*_unhashed(pins), *_unmet(intent, pins), *(_unlike(pylock, pins) if pylock is not None else ())]


def wheel_faults(locks: Iterable[str], wheels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """File name and fault of each of `wheels` (file name to `sha256:<hex>`) that no lock pins with that hash."""
    allowed = {(pin.name, digest) for lock in locks for pin in parse_lock(lock) for digest in pin.hashes}
    for file_name, digest in wheels.items():
        try:
            name = parse_wheel_filename(file_name)[0]
        except InvalidWheelFilename:
            yield file_name, "is no wheel"
            continue
        if name != RUNTIME and (name, digest) not in allowed:
            yield file_name, "is not what the lock pins"


def _unhashed(pins: Iterable[LockedPackage]) -> Iterator[str]:
    for pin in pins:
        if not pin.hashes:
            yield f"pins `{pin.name}=={pin.version}` without a hash"


def _unmet(intent: str, pins: Iterable[LockedPackage]) -> Iterator[str]:
    """What was asked for and is not pinned so; what is asked for under a marker may be left out."""
    versions: dict[str, list[str]] = {}
    for pin in pins:
        versions.setdefault(pin.name, []).append(pin.version)
    for _, line in logical_lines(intent):
        try:
            wanted = Requirement(line.split(" --hash", 1)[0])
        except InvalidRequirement:
            yield f"cannot be compared with requirements.in, where `{line}` is no requirement"
            continue
        found = versions.get(canonicalize_name(wanted.name), [])
        if not found and wanted.marker is None:
            yield f"lacks `{wanted.name}`, which requirements.in asks for"
        if found and not any(_satisfies(version, wanted) for version in found):
            yield f"pins `{wanted.name}` at {found[0]}, and requirements.in asks for `{wanted.specifier}`"


def _satisfies(version: str, wanted: Requirement) -> bool:
    try:
        return wanted.specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _unlike(pylock: str, pins: Iterable[LockedPackage]) -> Iterator[str]:
    """What pylock.toml pins otherwise. It may know fewer files and packages: only files whose names are known."""
    locked = {(pin.name, pin.version): set(pin.hashes) for pin in pins}
    try:
        told = parse_pylock(pylock)
    except LockError as error:
        yield f"cannot be compared with its pylock.toml: {error}"
        return
    for package in told:
        if not package.hashes or not locked.get((package.name, package.version), set()).issuperset(package.hashes):
            yield f"says otherwise about `{package.name}=={package.version}` than its pylock.toml"
