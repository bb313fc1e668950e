"""A pylock.toml that another tool wrote (PEP 751) as lines of requirements. This is the edge: pydantic; keys that mean
nothing to a requirement are passed over."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ekiben.errors import LockError

_CHOICE = re.compile(
    r"""(?P<quote>['"])(?P<name>[^'"]+)(?P=quote)\s+(?P<not>not\s+)?in\s+(?P<set>extras|dependency_groups)"""
)
_ALWAYS, _NEVER = "python_version >= '0'", "python_version < '0'"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of a project's optional dependencies are meant: `extras` of `[project.optional-dependencies]`, `groups` of
    `[dependency-groups]`."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class _Table(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=lambda name: name.replace("_", "-"))


class _Hashes(_Table):
    sha256: str


class _File(_Table):
    hashes: _Hashes


class _Place(_Table):
    path: str | None = None
    url: str | None = None


class _Repository(_Place):
    type: str
    commit_id: str
    subdirectory: str | None = None


class _Package(_Table):
    name: str
    version: str | None = None
    marker: str = ""
    vcs: _Repository | None = None
    directory: _Place | None = None
    archive: _Place | None = None
    wheels: list[_File] = []
    sdist: _File | None = None


class _Pylock(_Table):
    lock_version: str = Field(pattern=r"^1\.")
    default_groups: list[str] = []
    packages: list[_Package]


def pylock_lines(document: Mapping[str, object], chosen: Chosen, folder: Path, shown: str) -> Iterator[str]:
    """The packages of the document, which lies in `folder` (relative to the project) and is called `shown`. Without
    chosen groups its own defaults are. Raises LockError for what is no pylock.toml."""
    try:
        lock = _Pylock.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise LockError(f"`{shown}` is no pylock.toml of version 1: `{where}`: {first['msg'].lower()}") from error
    known = Chosen(chosen.extras, chosen.groups or tuple(lock.default_groups))
    for package in lock.packages:
        marker = _plain_marker(package.marker, known)
        tail = f" ; {marker}" if marker else ""
        place = package.vcs or package.directory or package.archive
        yield f"{package.name} @ {_where(place, folder)}{tail}" if place else _pin(package, tail)


def _pin(package: _Package, tail: str) -> str:
    files = [*package.wheels, *([package.sdist] if package.sdist else [])]
    hashes = sorted(f"--hash=sha256:{file.hashes.sha256}" for file in files)
    version = f"=={package.version}" if package.version else ""  # which the specification lets a lock leave out
    return " ".join([f"{package.name}{version}{tail}", *hashes])


def _where(place: _Place, folder: Path) -> str:
    path = Path(os.path.normpath(folder / place.path)).as_posix() if place.path else ""
    if not isinstance(place, _Repository):
        return f"file:{path}" if path else place.url or ""
    inner = f"#subdirectory={place.subdirectory}" if place.subdirectory else ""
    return f"{place.type}+{place.url or f'file:{path}'}@{place.commit_id}{inner}"


def _plain_marker(marker: str, chosen: Chosen) -> str:
    """`marker` without the words that only a lock file knows, `extras` and `dependency_groups`."""

    def answered(found: re.Match[str]) -> str:
        known: Iterable[str] = chosen.extras if found["set"] == "extras" else chosen.groups
        is_in = canonicalize_name(found["name"]) in {canonicalize_name(one) for one in known}
        return _ALWAYS if is_in != bool(found["not"]) else _NEVER

    return _CHOICE.sub(answered, marker)
