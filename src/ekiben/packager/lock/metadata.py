"""The licences of locked packages, without installing them.

A licence that the last lock knew is kept; wheels on this machine are opened; what others said in any project is
remembered; pip is asked for the rest. A licence that cannot be had is unknown, which is no reason not to lock.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from packaging.utils import parse_wheel_filename

from ekiben.digest import Digest
from ekiben.packager.lock.job import ResolverJob
from ekiben.packager.lock.licence_cache import LicenceCache
from ekiben.packager.lock.licences import LicenceFields, licence_of
from ekiben.packager.lock.links_page import links_page
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.pip_download import download_wheels
from ekiben.packager.lock.pip_report import Reported, ask_pip
from ekiben.packager.lock.pip_settings import local_path
from ekiben.packager.lock.wheel_files import WheelFiles
from ekiben.packager.lock.wheel_metadata import wheel_headers
from ekiben.packager.lock.wheel_tags import best_wheel

_PAGE = "links.html"
# Up to this size pip opens a wheel by two or three ranges of it. In one with a long table of contents it takes dozens;
# an index may know that the metadata lies beside it.
_SMALL_BYTES = 4 * 1024 * 1024
_WHOLE_BYTES = 1024 * 1024  # of all together: what a few dozen ranges cost
_NOTHING = LicenceFields()


def with_licences(
    packages: Sequence[LockedPackage], job: ResolverJob, cache: LicenceCache, wheels: WheelFiles
) -> tuple[LockedPackage, ...]:
    """The packages, each with its licence as far as that is known or can be."""
    kept = {(one.name, one.version): one.licence for one in job.preferred}
    known = {one.name: one.licence or kept.get((one.name, one.version)) for one in packages}
    unknown = {one: wheel for one in packages if not known[one.name] and (wheel := best_wheel(one.files, job.target))}
    said = {one.name: _own_words(wheel, cache) for one, wheel in unknown.items()}
    said |= _asked({one: wheel for one, wheel in unknown.items() if said[one.name] is None}, job, cache, wheels)
    return tuple(
        replace(one, licence=known[one.name] or licence_of(said.get(one.name) or _NOTHING)) for one in packages
    )


def licence_fields_in(wheel: Path) -> LicenceFields:
    """What a wheel's METADATA says of its licence; nothing where it says nothing, or is no wheel."""
    headers = wheel_headers(wheel)
    if headers is None:
        return _NOTHING
    return LicenceFields(headers["License-Expression"], headers["License"], tuple(headers.get_all("Classifier", [])))


def _own_words(wheel: LockedFile, cache: LicenceCache) -> LicenceFields | None:
    """What the wheel says; None where somebody has to be asked for that."""
    path = local_path(wheel.url) if wheel.url else None
    return licence_fields_in(path) if path else cache.find(wheel.sha256)


def _asked(
    asked: Mapping[LockedPackage, LockedFile], job: ResolverJob, cache: LicenceCache, wheels: WheelFiles
) -> dict[str, LicenceFields | None]:
    """What pip finds out: of small wheels by opening them where they lie, of others by way of the indexes. Where all
    the small ones are next to nothing they are fetched whole, since the image will want them."""
    if not asked or job.is_offline:
        return {}
    small = {one: wheel for one, wheel in asked.items() if wheel.url and _size(wheel) <= _SMALL_BYTES}
    is_little = sum(map(_size, small.values())) <= _WHOLE_BYTES
    told = _told_by_wheels(small, job, wheels) if is_little else _told_of_files(small, job)
    told |= ask_pip([one for one in asked if one.name not in told], job, is_host=False)
    for one in told.values():
        cache.keep(one.file.sha256, one.fields)
    return {name: one.fields for name, one in told.items()}


def _told_by_wheels(
    small: Mapping[LockedPackage, LockedFile], job: ResolverJob, wheels: WheelFiles
) -> dict[str, Reported]:
    """What the wheels themselves say, which stay in the cache."""
    if not small:
        return {}
    pip = _by_links(small.values(), job).pip_settings
    _, found = download_wheels(small, job.target, pip, job.environ, job.folder, timeout_s=job.timeout_s)
    told: dict[str, Reported] = {}
    for path in found:
        name, fields = parse_wheel_filename(path.name)[0], licence_fields_in(path)
        told[name] = Reported(LockedFile(path.name, str(Digest.of_file(path))), fields)
        with suppress(OSError):  # a disk that refuses makes it fetch once more, and nothing worse
            wheels.copy(path)
    return told


def _told_of_files(small: Mapping[LockedPackage, LockedFile], job: ResolverJob) -> dict[str, Reported]:
    """What pip reads out of the wheels where they lie. It ends at the first that it cannot have."""
    return ask_pip(tuple(small), _by_links(small.values(), job), is_host=False) if small else {}


def _by_links(files: Iterable[LockedFile], job: ResolverJob) -> ResolverJob:
    """The job without the pages of the indexes, which cost more than the files: these are known already."""
    page = job.folder / _PAGE
    page.write_text(links_page(files, job.pip_settings), encoding="utf-8")
    return replace(job, settings=replace(job.settings, find_links=(str(page),), no_index=True))


def _size(wheel: LockedFile) -> float:
    return math.inf if wheel.size_bytes is None else wheel.size_bytes
