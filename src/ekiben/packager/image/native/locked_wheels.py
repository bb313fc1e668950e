"""Which wheel of each locked package an image gets, told by the lock alone where it names files. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.markers import holds
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_tags import best_wheel


@dataclass(frozen=True, slots=True)
class WantedWheel:
    """A package of the image. Its wheel is any file with one of `digests`; where the lock names its files, the one
    that fits best, and `file_name` is that one's."""

    package: LockedPackage
    digests: tuple[Digest, ...]
    file_name: str | None = None

    @property
    def digest(self) -> Digest | None:
        """The wheel's, where it is known without seeing the file."""
        return self.digests[0] if self.file_name else None

    @property
    def pin(self) -> LockedPackage:
        """The line of a lock that only this wheel fits."""
        kept = tuple(file for file in self.package.files if Digest.parse(file.sha256) in self.digests)
        return replace(self.package, files=kept, marker=None)


def wanted_wheels(
    packages: Iterable[LockedPackage], named: Iterable[LockedPackage], target: Target
) -> tuple[WantedWheel, ...]:
    """A wheel for each of `packages` that the target needs. `named` are the same pins with the names of their files, of
    which the lock's other half may know none. Raises ImageError for a package without a wheel for the target."""
    by_pin = {(one.name, one.version): one for one in named}
    needed = (one for one in packages if one.marker is None or holds(one.marker, target))
    return tuple(_wanted(package, by_pin, target) for package in needed)


def _wanted(package: LockedPackage, named: Mapping[tuple[str, str], LockedPackage], target: Target) -> WantedWheel:
    known = named.get((package.name, package.version))
    files = [file for file in known.files if file.sha256 in package.hashes] if known else []
    if not files:
        return WantedWheel(package, tuple(Digest.parse(one) for one in package.hashes))
    best = best_wheel(files, target)
    if best is None:
        raise no_wheel(package, target)
    return WantedWheel(package, (Digest.parse(best.sha256),), best.name)


def no_wheel(package: LockedPackage, target: Target) -> ImageError:
    """The refusal of a package that has to be built first, or whose wheels are for others."""
    return ImageError(
        f"`{package.name}` {package.version} has no wheel for {target} with {target.libc_name}",
        hint="`--engine docker` builds packages in the image; or take a base that a wheel of it is for",
    )
