"""From requirements that name a place to wheels with hashes, which a Bento carries along.

    a wheel          taken as it is
    a folder         the files that a Bento would take of it, built
    an archive       built
    a repository     checked out at one commit, built

What was built before is found by its content (for a repository: its commit) and costs no build and no network.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import assert_never

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from ekiben.digest import Digest
from ekiben.errors import LockError, SelectionError
from ekiben.packager.lock.git_source import COMMIT, check_out
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.markers import holds
from ekiben.packager.lock.origin import Origin, OwnWheel
from ekiben.packager.lock.sources import SourceRequirement
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_build import WheelBuilder, copy_source
from ekiben.packager.lock.wheel_cache import KeptWheel, WheelCache
from ekiben.packager.lock.wheel_metadata import wheel_headers
from ekiben.packager.lock.wheel_tags import fits
from ekiben.packager.selection.selection import Selection, select_files
from ekiben.report import Reporter
from ekiben.store.disk import disk_errors
from ekiben.store.receipt import host_platform

_FORMAT = 1  # raised when the same source would be built to other bytes
# What earlier builds left in a package's folder, which some backends would take for source.
_LEFT_BY_BUILDS = ("/build/", "/dist/", "*.egg-info/")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What wheels are made with. `preferred` are the pins of the last lock: a repository stays at the commit that they
    say. `is_fresh` asks a repository for its branches and tags again."""

    project: Path
    target: Target
    cache: WheelCache
    builder: WheelBuilder
    reporter: Reporter
    preferred: tuple[LockedPackage, ...] = ()
    is_fresh: bool = False


def own_wheels(sources: Iterable[SourceRequirement], workshop: Workshop) -> dict[SourceRequirement, OwnWheel]:
    """The wheel of each source that the target needs; a marker that does not hold for it leaves one out.

    Raises LockError for a source that cannot be built, whose wheel does not fit the target or has another name than the
    requirement says, and for two sources of one package.
    """
    found: dict[SourceRequirement, OwnWheel] = {}
    by_name: dict[str, OwnWheel] = {}
    for source in sources:
        if source.marker and not holds(source.marker, workshop.target):
            continue
        with disk_errors(workshop.cache.folder):
            wheel = _made(source, workshop)
        other = by_name.setdefault(wheel.name, wheel)
        if other.sha256 != wheel.sha256:
            raise LockError(f"`{wheel.name}` comes from two places, `{source.text}` is one", hint="keep one of them")
        found[source] = wheel
    return found


def _made(source: SourceRequirement, workshop: Workshop) -> OwnWheel:
    kept, commit = _kept(source, workshop)
    name, version = _name_and_version(kept.path.name, source)
    if not fits(kept.path.name, workshop.target):
        raise LockError(
            f"the wheel of `{source.text}`, `{kept.path.name}`, cannot be installed for {workshop.target}",
            hint="build it there, and name that wheel under `python.wheels`",
        )
    return OwnWheel(kept.path, name, version, kept.sha256, _origin(source, commit))


def _kept(source: SourceRequirement, workshop: Workshop) -> tuple[KeptWheel, str | None]:
    match source.kind:
        case "wheel":
            return _taken(source, workshop), None
        case "path":
            return _built_from_project(source, workshop), None
        case "vcs":
            return _built_from_repository(source, workshop)
        case _:
            assert_never(source.kind)


def _origin(source: SourceRequirement, commit: str | None) -> Origin:
    url = source.location if source.inner_path is None else f"./{source.inner_path}"
    return Origin(source.kind, url, commit, source.revision)


def _name_and_version(file_name: str, source: SourceRequirement) -> tuple[str, str]:
    try:
        name, version, _, _ = parse_wheel_filename(file_name)
    except InvalidWheelFilename as error:
        raise LockError(f"`{file_name}` is no file name of a wheel") from error
    if source.name and source.name != name:
        raise LockError(f"`{source.text}` is the package `{name}`", hint=f"call it `{name}`, or give only the place")
    return canonicalize_name(name), str(version)


def _taken(source: SourceRequirement, workshop: Workshop) -> KeptWheel:
    content = _read(workshop.project / source.location)
    _check_words(content, source)
    key = _key("wheel", source.location, str(Digest.of_bytes(content)))
    return workshop.cache.find(key) or workshop.cache.keep(key, Path(source.location).name, content)


def _check_words(content: bytes, source: SourceRequirement) -> None:
    """Refuses a wheel that no installer takes: one that is none, or another than its name says."""
    headers = wheel_headers(io.BytesIO(content))
    if headers is None or not (headers["Name"] and headers["Version"]):
        raise LockError(f"`{source.location}` is no wheel: it has no metadata that can be read")
    named = _name_and_version(Path(source.location).name, source)
    said = (canonicalize_name(headers["Name"]), headers["Version"])
    if named[0] != said[0] or not _is_version(named[1], said[1]):
        raise LockError(
            f"`{source.location}` calls itself `{said[0]}=={said[1]}`", hint="give it the name that it was built with"
        )


def _is_version(version: str, text: str) -> bool:
    try:
        return Version(version) == Version(text)
    except InvalidVersion:
        return False


def _built_from_project(source: SourceRequirement, workshop: Workshop) -> KeptWheel:
    path = workshop.project / source.location
    if path.is_file():
        key = _key("archive", str(Digest.of_bytes(_read(path))))
        return workshop.cache.find(key) or _built(key, path, source, workshop)
    selection = _selected(path, source)
    key = _key("folder", _tree_digest(selection))
    return workshop.cache.find(key) or _built(key, selection, source, workshop)


def _built_from_repository(source: SourceRequirement, workshop: Workshop) -> tuple[KeptWheel, str]:
    inner = source.inner_path
    address = source.location if inner is None else str((workshop.project / inner).resolve())
    asked = _key("commit", address, source.revision or "")
    commit = _known_commit(source, asked, workshop)
    kept = workshop.cache.find(_repository_key(source, commit)) if commit else None
    if kept and commit:
        return kept, commit
    with tempfile.TemporaryDirectory(prefix="ekiben-git-") as scratch:
        checkout = Path(scratch) / "source"
        builder = workshop.builder
        with workshop.reporter.task(f"fetching {source.text}"):
            commit = check_out(address, commit or source.revision, checkout, builder.environ, secrets=builder.secrets)
        workshop.cache.note_commit(asked, commit)
        key = _repository_key(source, commit)
        folder = checkout / (source.subdirectory or "")
        if not folder.is_dir():
            raise LockError(f"`{source.text}` has no folder `{source.subdirectory}`")
        return workshop.cache.find(key) or _built(key, folder, source, workshop), commit


def _known_commit(source: SourceRequirement, asked: Digest, workshop: Workshop) -> str | None:
    """The commit, where it is said, locked, or remembered from the last time that the repository was asked."""
    if source.revision and COMMIT.fullmatch(source.revision):
        return source.revision
    wanted = _origin(source, None)
    for package in workshop.preferred:
        is_named_so = source.name in (None, package.name)
        if is_named_so and package.origin and replace(package.origin, revision=None) == wanted:
            return package.origin.revision
    return None if workshop.is_fresh else workshop.cache.commit_of(asked)


def _repository_key(source: SourceRequirement, commit: str) -> Digest:
    return _key("repository", source.location, commit, source.subdirectory or "")


def _built(key: Digest, what: Path | Selection, source: SourceRequirement, workshop: Workshop) -> KeptWheel:
    with (
        tempfile.TemporaryDirectory(prefix="ekiben-wheel-") as scratch,
        workshop.reporter.task(f"building a wheel of {source.text}"),
    ):
        folder = Path(scratch)
        if isinstance(what, Selection):
            copy_source(what, folder / "source")
            what = folder / "source"
        name, content = workshop.builder.build(what, folder, source.text)
    workshop.reporter.info(f"built `{name}` of `{source.text}`")
    return workshop.cache.keep(key, name, content)


def _selected(folder: Path, source: SourceRequirement) -> Selection:
    try:
        return select_files(folder, ("*",), _LEFT_BY_BUILDS)
    except SelectionError as error:
        raise LockError(f"`{source.text}` cannot be packed: {error.message}", hint=error.hint) from error


def _tree_digest(selection: Selection) -> str:
    rows = [[file.path, file.is_executable, str(Digest.of_file(file.source))] for file in selection.files]
    return str(Digest.of_bytes(json.dumps(rows).encode()))


def _key(*facts: str) -> Digest:
    """A wheel may hold what was compiled for the Python and the platform that built it."""
    python = sys.implementation.cache_tag or sys.version
    return Digest.of_bytes(json.dumps([_FORMAT, python, host_platform(), *facts]).encode())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise LockError(f"`{path.name}` cannot be read: {error.strerror}") from error
