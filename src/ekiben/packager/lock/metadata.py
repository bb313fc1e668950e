"""The licences of locked packages, without installing them.

A licence that the last lock knew is kept; wheels on this machine are opened; pip is asked for the rest. One that cannot
be had is unknown, which is no reason not to lock.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import replace
from email.parser import HeaderParser
from pathlib import Path

from ekiben.packager.lock.job import ResolverJob
from ekiben.packager.lock.licences import LicenceFields, licence_of
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pip_report import ask_pip
from ekiben.packager.lock.pip_settings import local_path
from ekiben.packager.lock.wheel_tags import best_wheel


def with_licences(packages: Sequence[LockedPackage], job: ResolverJob) -> tuple[LockedPackage, ...]:
    """The packages, each with its licence as far as that is known or can be."""
    kept = {(one.name, one.version): one.licence for one in job.preferred}
    known = {one.name: one.licence or kept.get((one.name, one.version)) or _own_words(one, job) for one in packages}
    asked = [one for one in packages if known[one.name] is None and _is_remote_wheel(one, job)]
    if asked:
        known |= {name: found.licence for name, found in ask_pip(asked, job, is_host=False).items()}
    return tuple(replace(one, licence=known[one.name]) for one in packages)


def licence_in(wheel: Path) -> str | None:
    """The licence that a wheel's METADATA states; None where it states none or is no wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            (member,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            text = archive.read(member).decode("utf-8", errors="replace")
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    headers = HeaderParser().parsestr(text)
    return licence_of(
        LicenceFields(headers["License-Expression"], headers["License"], tuple(headers.get_all("Classifier", [])))
    )


def _own_words(package: LockedPackage, job: ResolverJob) -> str | None:
    wheel = best_wheel(package.files, job.target)
    path = local_path(wheel.url) if wheel and wheel.url else None
    return licence_in(path) if path else None


def _is_remote_wheel(package: LockedPackage, job: ResolverJob) -> bool:
    wheel = best_wheel(package.files, job.target)
    return wheel is not None and not (wheel.url or "").startswith("file:")
