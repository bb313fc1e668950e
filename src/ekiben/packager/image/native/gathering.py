"""`gather_wheels`: the files of wheels, from the Bento, this machine, the cache, or an index by `pip download`.

The cache is that of `lock.wheel_files`, where locks leave what they fetched. pip enforces the lock's hashes; what it
brings is hashed once more when it is put there.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.packager.credentials import redact, redact_known, secrets_around
from ekiben.packager.image.native.locked_wheels import WantedWheel, no_wheel
from ekiben.packager.lock.child import Finished
from ekiben.packager.lock.local_files import find_local_files
from ekiben.packager.lock.lockfile import LockedFile
from ekiben.packager.lock.pip_download import download_wheels
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_files import WheelFiles
from ekiben.packager.lock.wheel_tags import best_wheel

_TIMEOUT_S = 3600.0  # a CUDA stack is 5 GB
_LAST_LINES = 5  # of what pip said


@dataclass(frozen=True, slots=True)
class WheelPlaces:
    """Where wheels are: `own` is the Bento's folder of them, `cache` the store's, `scratch` an empty folder on the same
    disk as the cache."""

    own: Path
    cache: WheelFiles
    scratch: Path
    pip: PipSettings
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GatheredWheel:
    """A wheel at hand."""

    path: Path
    digest: Digest


def gather_wheels(wanted: Sequence[WantedWheel], target: Target, places: WheelPlaces) -> dict[str, GatheredWheel]:
    """The wheels by the name of their package. Raises ImageError where one is nowhere, or does not run on `target`;
    OSError where the disk refuses."""
    found = _at_hand(wanted, target, places)
    missing = [one for one in wanted if one.package.name not in found]
    if missing:
        _download(missing, target, places)
        found |= _from_cache(missing, target, places.cache)
    for one in wanted:
        if one.package.name not in found:
            raise no_wheel(one.package, target)
    return found


def _at_hand(wanted: Sequence[WantedWheel], target: Target, places: WheelPlaces) -> dict[str, GatheredWheel]:
    found = _from_cache(wanted, target, places.cache)
    rest = [one for one in wanted if one.package.name not in found]
    settings = replace(places.pip, find_links=(str(places.own), *places.pip.find_links))
    files = find_local_files([one.pin for one in rest], settings)
    local = {Digest.of_file(path): path for path in files}
    return found | _chosen(rest, target, local)


def _from_cache(wanted: Iterable[WantedWheel], target: Target, cache: WheelFiles) -> dict[str, GatheredWheel]:
    digests = {digest for one in wanted for digest in one.digests}
    files = {digest: path for digest in digests if (path := cache.find(digest)) is not None}
    return _chosen(wanted, target, files)


def _chosen(wanted: Iterable[WantedWheel], target: Target, files: Mapping[Digest, Path]) -> dict[str, GatheredWheel]:
    """Of the files, for each package the one that an installer would take."""
    found = {}
    for one in wanted:
        there = {str(digest): files[digest] for digest in one.digests if digest in files}
        named = [LockedFile(path.name, digest) for digest, path in there.items()]
        if best := best_wheel(named, target):
            found[one.package.name] = GatheredWheel(there[best.sha256], Digest.parse(best.sha256))
    return found


def _download(missing: Sequence[WantedWheel], target: Target, places: WheelPlaces) -> None:
    """Brings wheels of all `missing` into the cache. Raises ImageError with pip's last words."""
    pins = [one.pin for one in missing]
    done, wheels = download_wheels(
        pins, target, places.pip, places.environ, places.scratch, timeout_s=_TIMEOUT_S, own=places.own
    )
    if done.status != 0:
        raise _failure(done, places)
    for path in wheels:
        places.cache.take(path)


def _failure(done: Finished, places: WheelPlaces) -> ImageError:
    if done.status < 0:
        return ImageError(
            f"pip cannot fetch the image's wheels: it was ended by {signal.Signals(-done.status).name}",
            hint="see whether the machine ran out of memory, then try again",
        )
    secrets = secrets_around(places.pip.locations, places.environ, places.pip.netrc)
    lines = [line for line in done.said.splitlines() if line.strip()][-_LAST_LINES:]
    said = redact_known(redact("\n".join(lines)), secrets)
    hint = "a package without a wheel needs `--engine docker`, which builds it in the image"
    return ImageError(f"pip cannot fetch the image's wheels:\n{said}", hint=hint)
