"""From what a resolver found to what a lock holds: the files that the target may install, each with its hash. Pure, but
for reading the files that lie on this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ekiben.digest import Digest
from ekiben.errors import LockError
from ekiben.packager.credentials import has_credentials
from ekiben.packager.lock.lockfile import FILE_NAME, LockedFile, LockedPackage
from ekiben.packager.lock.origin import OwnWheel
from ekiben.packager.lock.pip_settings import local_path
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_tags import best_wheel, usable_files, with_any_libc


def read_local_files(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    """The packages, files that lie on this machine with the size and hash that they have. Raises LockError for one that
    cannot be read, or is not what its index says."""
    return tuple(replace(one, files=tuple(_measured(file, one) for file in one.files)) for one in packages)


def settle_pins(
    packages: Iterable[LockedPackage], allowed: Mapping[str, frozenset[str]], target: Target
) -> tuple[LockedPackage, ...]:
    """The pins as a lock for one target holds them, sorted by name.

    Markers go, since the resolver answered for that target, and so do the files that it cannot install. Where the
    project's author named the hashes of a package, only those stay. Raises LockError where nothing is left of a
    package, or where its wheels need a newer C library than the target's.
    """
    settled = (_settled(one, allowed.get(one.name), target) for one in packages)
    return tuple(sorted(settled, key=lambda one: one.name))


def without_local_urls(packages: Iterable[LockedPackage]) -> tuple[LockedPackage, ...]:
    """The packages as they may be written down: no file says where on this machine it lies, no URL has a credential.
    One that lies in several places is there once."""
    return tuple(replace(one, files=tuple(_written(one.files))) for one in packages)


def with_origins(packages: Iterable[LockedPackage], wheels: Iterable[OwnWheel]) -> tuple[LockedPackage, ...]:
    """The packages; those that a wheel of the project's own was made for say where it came from."""
    origins = {wheel.name: wheel.origin for wheel in wheels}
    return tuple(replace(one, origin=origins.get(one.name)) for one in packages)


def needs_building(package: LockedPackage, target: Target) -> bool:
    """Whether the target has to build the package: none of its files is a wheel that fits."""
    return best_wheel(package.files, target) is None and all(file.name for file in package.files)


def _measured(file: LockedFile, package: LockedPackage) -> LockedFile:
    path = local_path(file.url) if file.url else None
    if path is None:
        return file
    try:
        digest, size = str(Digest.of_file(path)), path.stat().st_size
    except OSError as error:
        raise LockError(f"`{path}`, a file of `{package.name}`, cannot be read: {error.strerror}") from error
    if file.sha256 and file.sha256 != digest:
        raise LockError(f"`{path}` has another sha256 than its index says", hint="put the file there again")
    return replace(file, sha256=digest, size_bytes=size)


def _settled(package: LockedPackage, allowed: frozenset[str] | None, target: Target) -> LockedPackage:
    pin = f"`{package.name}=={package.version}`"
    hashed = [file for file in package.files if file.sha256 and re.fullmatch(FILE_NAME, file.name)]
    if not hashed:
        raise LockError(f"no index gives a hash for {pin}", hint="use an index that has sha256 digests")
    named = [file for file in hashed if allowed is None or file.sha256 in allowed]
    if not named:
        raise LockError(
            f"none of the files found for {pin} has a hash that the requirements name",
            hint="name the hashes of that version, or pin the version that the hashes belong to",
        )
    usable = usable_files(named, target)
    if not usable:
        raise LockError(
            f"no file of {pin} can be installed for {target}", hint="choose a version that has a wheel for it"
        )
    if best_wheel(usable, target) is None and all(file.is_wheel for file in usable):
        raise _too_old(package, usable, target)
    return replace(package, files=tuple(sorted(usable, key=lambda file: (file.name, file.sha256))), marker=None)


def _too_old(package: LockedPackage, wheels: Iterable[LockedFile], target: Target) -> LockError:
    major, oldest = target.libc_version
    newest = with_any_libc(target).libc_version[1]
    needed = next(minor for minor in range(oldest, newest + 1) if _runs(wheels, target, minor))
    name = "musl" if target.is_musl else "glibc"
    return LockError(
        f"the wheels of `{package.name}=={package.version}` need {name} {major}.{needed} or newer, and the base image"
        f" is taken to have {target.libc_name}",
        hint="choose a newer `docker.base_image`, or an older version of the package",
    )


def _runs(wheels: Iterable[LockedFile], target: Target, minor: int) -> bool:
    prefix, major, _ = target.libc.split("_")
    return best_wheel(wheels, replace(target, libc=f"{prefix}_{major}_{minor}")) is not None


def _written(files: Iterable[LockedFile]) -> Iterable[LockedFile]:
    found: dict[tuple[str, str], LockedFile] = {}
    for file in files:
        known = found.get((file.name, file.sha256))
        if known is None or known.url is None:
            found[file.name, file.sha256] = file if _is_public(file.url) else replace(file, url=None)
    return found.values()


def _is_public(url: str | None) -> bool:
    return url is not None and not url.startswith("file:") and not has_credentials(url)
