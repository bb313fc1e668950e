"""Which wheels a target can install, told by their file names (PEP 425, 600, 656). Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import replace

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from ekiben.packager.lock.lockfile import LockedFile
from ekiben.packager.lock.target import Target

# The oldest glibc that wheels of a machine are tagged for, and what these tags were called before PEP 600.
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17}
_LEGACY = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
_ANY_MINOR = 99  # stands for every C library that there is


def platform_tags(target: Target) -> list[str]:
    """The platform tags of wheels that the target runs, the newest C library first."""
    return [f"{tag}_{target.machine}" for tag in _libc_tags(target)] + [f"linux_{target.machine}"]


def fits(file_name: str, target: Target) -> bool:
    """Whether the target can install the wheel of that name; False for what is no wheel's name."""
    try:
        tags = parse_wheel_filename(file_name)[3]
    except InvalidWheelFilename:
        return False
    return not _supported(target).keys().isdisjoint(tags)


def best_wheel(files: Iterable[LockedFile], target: Target) -> LockedFile | None:
    """The wheel that an installer takes on the target: the one with the most particular tag; None where none fits."""
    fitting = [file for file in files if fits(file.name, target)]
    return min(fitting, key=lambda file: _rank(file.name, target), default=None)


def with_any_libc(target: Target) -> Target:
    """The same target with the newest C library that can be thought of."""
    major, _ = target.libc_version
    return replace(target, libc=f"{target.libc.split('_')[0]}_{major}_{_ANY_MINOR}")


def usable_files(files: Iterable[LockedFile], target: Target) -> tuple[LockedFile, ...]:
    """The files that may be installed on the target's Python and machine.

    Wheels for a newer C library stay beside one that fits, since a newer base image may take them. What has to be built
    (sdists), and files known by hash alone, stay only where no wheel fits.
    """
    given = tuple(files)
    anywhere = with_any_libc(target)
    wheels = tuple(file for file in given if file.is_wheel and fits(file.name, anywhere))
    if any(fits(file.name, target) for file in wheels):
        return wheels
    return wheels + tuple(file for file in given if not file.is_wheel)


@functools.cache
def _supported(target: Target) -> dict[Tag, int]:
    """Each tag that the target runs, with its place in the order that installers prefer."""
    major, minor = map(int, target.python.split("."))
    interpreter, platforms = f"cp{major}{minor}", platform_tags(target)
    exact = cpython_tags((major, minor), abis=[interpreter], platforms=platforms)
    pure = compatible_tags((major, minor), interpreter=interpreter, platforms=platforms)
    return {tag: place for place, tag in enumerate(dict.fromkeys([*exact, *pure]))}


def _rank(file_name: str, target: Target) -> int:
    supported = _supported(target)
    return min(supported[tag] for tag in parse_wheel_filename(file_name)[3] if tag in supported)


def _libc_tags(target: Target) -> Iterator[str]:
    major, minor = target.libc_version
    if target.is_musl:
        yield from (f"musllinux_{major}_{one}" for one in range(minor, -1, -1))
        return
    for one in range(minor, _OLDEST_GLIBC[target.machine] - 1, -1):
        yield f"manylinux_{major}_{one}"
        if one in _LEGACY:
            yield _LEGACY[one]
