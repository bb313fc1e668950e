"""Python packages as CycloneDX components: what the locks of all platforms pin, and the wheels that a Bento carries.

One component a name and version, whatever the number of platforms; a package that is pinned differently on another
platform is two, and each says where it applies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from ekiben.digest import Digest
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin
from ekiben.packager.sbom.fields import Fields, compact, component, hashes, properties, reference, text_of
from ekiben.packager.sbom.licences import licences
from ekiben.packager.sbom.purl import package_url

_NAME_END = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class CarriedWheel:
    """A wheel in the Bento at `path`."""

    path: str
    digest: Digest
    licence: str | None = None

    @property
    def file_name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class _Pin:
    """A package, and the platforms that it is locked for."""

    package: LockedPackage
    platforms: tuple[str, ...]


def python_components(
    locks: Mapping[str, Iterable[LockedPackage]], wheels: Iterable[CarriedWheel]
) -> dict[str, list[Fields]]:
    """Components by the name of their package. `locks` are the pins by platform; a wheel that none of them pins is a
    component of its own."""
    carried = list(wheels)
    pinned: dict[tuple[str, str], list[_Pin]] = {}
    for platform in sorted(locks):
        for package in locks[platform]:
            pinned.setdefault((package.name, package.version), []).append(_Pin(package, (platform,)))
    known = {one.sha256 for pins in pinned.values() for pin in pins for one in pin.package.files}
    components: dict[str, list[Fields]] = {}
    for (name, _), pins in sorted(pinned.items()):
        components.setdefault(name, []).append(_pinned(_joined(pins), carried, is_everywhere=len(locks) < 2))
    for wheel in sorted(carried, key=lambda one: one.path):
        if str(wheel.digest) not in known:
            name, own = _unpinned(wheel)
            components.setdefault(name, []).append(own)
    return components


def python_url(name: str, version: str, origin: Origin | None = None) -> str:
    """The package URL. A package from a repository keeps the type `pypi`, by which advisories are found, and says where
    from: one too many is better than one too few."""
    repository = _repository_url(origin)
    address = f"git+{repository}@{origin.revision}" if origin and repository and origin.revision else None
    return package_url("pypi", name, version, qualifiers={"vcs_url": address})


def _repository_url(origin: Origin | None) -> str | None:
    """The repository's own URL, without what requirements write before it; one in the project has none."""
    if origin is None or origin.kind != "vcs" or origin.url is None or origin.url.startswith("./"):
        return None
    return origin.url.removeprefix("git+")


def _joined(pins: list[_Pin]) -> _Pin:
    """The same version as several platforms pin it: all files, and the first licence and origin that is known."""
    packages = [pin.package for pin in pins]
    first = packages[0]
    files = {(file.name, file.sha256): file for package in packages for file in package.files}
    package = LockedPackage(
        name=first.name,
        version=first.version,
        files=tuple(files[key] for key in sorted(files)),
        licence=min((one.licence for one in packages if one.licence), default=None),
        is_yanked=any(one.is_yanked for one in packages),
        origin=min((one.origin for one in packages if one.origin), key=repr, default=None),
    )
    return _Pin(package, tuple(sorted({platform for pin in pins for platform in pin.platforms})))


def _pinned(pin: _Pin, wheels: Iterable[CarriedWheel], *, is_everywhere: bool) -> Fields:
    package, origin = pin.package, pin.package.origin
    url = python_url(package.name, package.version, origin)
    carried = [wheel.path for wheel in wheels if str(wheel.digest) in package.hashes]
    return component(
        "library",
        url,
        package.name,
        version=text_of(package.version),
        hashes=hashes(package.hashes),
        licenses=licences(package.licence),
        purl=url,
        pedigree=compact({"commits": _commits(origin)}),
        externalReferences=_repository(origin) + _files(package.files),
        properties=properties(
            [
                *(("platform", platform) for platform in (() if is_everywhere else pin.platforms)),
                *(("path", path) for path in carried),
                *_source(origin),
                ("yanked", "true" if package.is_yanked else None),
            ]
        ),
    )


def _unpinned(wheel: CarriedWheel) -> tuple[str, Fields]:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.file_name)
        url = python_url(name, str(version))
    except InvalidWheelFilename:
        return wheel.file_name, _file(wheel)
    return name, component(
        "library",
        url,
        name,
        version=str(version),
        hashes=hashes([str(wheel.digest)]),
        licenses=licences(wheel.licence),
        purl=url,
        properties=properties([("path", wheel.path)]),
    )


def _file(wheel: CarriedWheel) -> Fields:
    return component("file", f"ekiben:file/{wheel.path}", wheel.path, hashes=hashes([str(wheel.digest)]))


def _source(origin: Origin | None) -> Iterable[tuple[str, object]]:
    """Where a package came from that no index gave: of a repository only which branch or tag was asked for, since the
    rest has places of its own."""
    if origin is not None:
        yield "origin", origin.kind
        yield ("origin-asked-for", origin.requested) if origin.kind == "vcs" else ("origin-path", origin.url)


def _commits(origin: Origin | None) -> list[Fields]:
    if origin is None or origin.kind != "vcs" or not origin.revision:
        return []
    return [compact({"uid": origin.revision, "url": reference(_repository_url(origin) or "")})]


def _repository(origin: Origin | None) -> list[Fields]:
    url = _repository_url(origin)
    return [{"type": "vcs", "url": reference(url)}] if url else []


def _files(files: Iterable[LockedFile]) -> list[Fields]:
    """The files that may be installed, where their names are known. Names alone: which index has them is no content."""
    by_name: dict[str, list[str]] = {}
    for file in files:
        if file.name:
            by_name.setdefault(file.name, []).append(file.sha256)
    return [
        {"type": "distribution", "url": reference(name), "hashes": hashes(by_name[name])} for name in sorted(by_name)
    ]


def requirement_component(written: str) -> Fields:
    """A requirement that nobody locked: which version an image gets is decided when it is made."""
    name = bare_name(written) or written
    url = package_url("pypi", name)
    return component("library", url, name, purl=url, properties=properties([("asked-for", written)]))


def bare_name(requirement: str) -> str:
    """The normal form of the name in a requirement, or of a name that stands alone."""
    return canonicalize_name(_NAME_END.split(requirement.strip(), maxsplit=1)[0])
