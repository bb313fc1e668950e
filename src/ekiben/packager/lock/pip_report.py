"""What pip would install for locked packages, and what their metadata says: `pip install --dry-run --report`.

pip reads the metadata beside a wheel (PEP 658), or by ranges out of it, under all of its own configuration: indexes,
netrc, keyring, certificates. Nothing is installed. The only module that runs `pip install`.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import BaseModel, ValidationError

from ekiben.errors import LockError
from ekiben.packager.lock.child import run_children
from ekiben.packager.lock.job import ResolverJob
from ekiben.packager.lock.licences import LicenceFields
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.pip_environment import pip_environment
from ekiben.packager.lock.wheel_tags import platform_tags

_TIMEOUT_S = 300.0  # pip downloads whole wheels where an index has no metadata beside them and answers no ranges
_MOST_PIPS = 4  # at once: each costs a fifth of a second of a processor before it asks anything
_SHARE = 8  # packages for which another pip is worth that
_TARGET = "site"  # where nothing is put: older versions of pip want to be told
_OLDEST_PIP = Version("25.3")  # the first that downloads no wheel for a dry run whose metadata it can have alone
# What a user's configuration may ask of an installation, and no question needs.
_PLAIN = {"PIP_USER": "0", "PIP_REQUIRE_HASHES": "0", "PIP_REQUIRE_VIRTUALENV": "0"}


class _Metadata(BaseModel):
    name: str
    license: str | None = None
    license_expression: str | None = None
    classifier: list[str] = []


class _Archive(BaseModel):
    hashes: dict[str, str] = {}


class _Download(BaseModel):
    url: str
    archive_info: _Archive = _Archive()


class _Item(BaseModel):
    metadata: _Metadata
    is_yanked: bool = False
    download_info: _Download


class _Report(BaseModel):
    """The part of pip's installation report (its format 1) that is of use here."""

    install: list[_Item]


@dataclass(frozen=True, slots=True)
class Reported:
    """One package in pip's report: the file that it would install, with its URL there, and what that says of its
    licence."""

    file: LockedFile
    fields: LicenceFields
    is_yanked: bool = False


def ask_pip(packages: Sequence[LockedPackage], job: ResolverJob, *, is_host: bool) -> dict[str, Reported]:
    """What pip says of each package, by name: for the running interpreter and sdists, too, where `is_host`; else for
    the job's target and wheels alone. None of those for which pip is missing, too old, or fails."""
    if not packages or not _is_recent():
        return {}
    groups = [_Group(job.folder, number, pins) for number, pins in enumerate(_shares(packages))]
    for group in groups:
        group.lay_out()
    environ = {**pip_environment(job.pip_settings, job.environ), **_PLAIN}
    target = () if is_host else _target_arguments(job)
    try:
        run_children(
            [[*group.command, *target] for group in groups],
            cwd=job.folder,
            environ=environ,
            timeout_s=min(job.timeout_s, _TIMEOUT_S),
        )
    except LockError:
        return {}
    items = (item for group in groups for item in group.installed())
    return {canonicalize_name(item.metadata.name): _reported(item) for item in items}


@dataclass(frozen=True, slots=True)
class _Group:
    """The packages that one pip is asked about; its files lie in `folder`."""

    folder: Path
    number: int
    pins: Sequence[LockedPackage]

    def lay_out(self) -> None:
        """Puts the requirements into the folder, and takes away what was reported on others."""
        self._asked.write_text("".join(f"{one.name}=={one.version}\n" for one in self.pins), encoding="utf-8")
        self._report.unlink(missing_ok=True)

    @property
    def command(self) -> list[str]:
        """How pip is called, but for what it has to know of the target."""
        return [
            *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"),
            *("--target", _TARGET, "--report", self._report.name, "--use-feature=fast-deps"),
            *("--requirement", self._asked.name),
        ]

    def installed(self) -> list[_Item]:
        """What pip would install, once it has ended; nothing where it did not get so far."""
        try:
            return _Report.model_validate_json(self._report.read_bytes()).install
        except (OSError, ValidationError):
            return []

    @property
    def _report(self) -> Path:
        return self.folder / f"metadata-{self.number}.json"

    @property
    def _asked(self) -> Path:
        return self.folder / f"metadata-{self.number}.in"


def _shares(packages: Sequence[LockedPackage]) -> Iterator[Sequence[LockedPackage]]:
    """The packages, for one pip each: it opens one file after the other, and waits for each."""
    count = min(_MOST_PIPS, math.ceil(len(packages) / _SHARE))
    return (packages[first::count] for first in range(count))


def _is_recent() -> bool:
    try:
        return Version(version("pip")) >= _OLDEST_PIP
    except PackageNotFoundError:
        return False


def _target_arguments(job: ResolverJob) -> list[str]:
    platforms = [word for tag in platform_tags(job.target) for word in ("--platform", tag)]
    return [*platforms, "--python-version", job.target.python, "--implementation", "cp", "--only-binary", ":all:"]


def _reported(item: _Item) -> Reported:
    digest = item.download_info.archive_info.hashes.get("sha256")
    name = unquote(urlsplit(item.download_info.url).path.rpartition("/")[2])
    metadata = item.metadata
    fields = LicenceFields(metadata.license_expression, metadata.license, tuple(metadata.classifier))
    file = LockedFile(name, f"sha256:{digest}" if digest else "", url=item.download_info.url)
    return Reported(file, fields, item.is_yanked)
