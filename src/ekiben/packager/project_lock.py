"""`ekiben lock`: writes a project's bento.lock, or says whether it still fits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.utils import canonicalize_name

from ekiben.errors import LockError, UsageError
from ekiben.nearest import did_you_mean
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.bentofile.loading import load_bentofile
from ekiben.packager.draft import DEFAULT_PLATFORM
from ekiben.packager.lock.base_digest import pinned_base
from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.bento_lock import BentoLock, lock_place, read_bento_lock, write_bento_lock
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.pip_settings import TRUE_WORDS
from ekiben.packager.locking import (
    KEEP,
    Locking,
    LockOrder,
    Upgrade,
    changes_since,
    image_python,
    lock_order,
    resolve_locks,
    stale_error,
)
from ekiben.packager.project_image import project_declaration

_COMMIT_LENGTH = 9  # digits that tell commits apart for people


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectLockRequest:
    """What to lock. `bentofile` None means the project's own; no `platforms` mean those that are locked already, else
    linux/amd64. `home` is the store's, for a service that has to be imported; None: one without models."""

    project: Path
    bentofile: Path | None = None
    platforms: tuple[str, ...] = ()
    upgrade: Upgrade = field(default_factory=Upgrade)
    home: Path | None = None


@dataclass(frozen=True, slots=True)
class ProjectLock:
    """The bento.lock at `place`, and whether it was written now."""

    place: Path
    content: BentoLock
    is_changed: bool


def lock_project(request: ProjectLockRequest, locking: Locking) -> ProjectLock:
    """Writes the bento.lock where it is missing, does not fit, or is to be upgraded; keeps every pin that may be kept.

    Raises UsageError for a name that is not locked, LockError where the requirements cannot be resolved, BuildError for
    a project without a bentofile whose service declares no image.
    """
    bentofile = _bentofile(request, locking)
    committed = _usable_lock(bentofile, locking)
    upgrade = _canonical(request.upgrade)
    if committed is not None:
        _refuse_strangers(upgrade, committed)
    order = _order(request, bentofile, committed, locking, upgrade)
    order = _pinned_images(bentofile, order, upgrade, locking)
    changes = changes_since(committed, order) + list(_dropped(committed, order))
    if committed is not None and not changes and not upgrade.asks_indexes:
        locking.reporter.info(f"{order.place.name} is up to date")
        return ProjectLock(order.place, committed, is_changed=False)
    content = BentoLock(order.inputs, resolve_locks(order, locking, upgrade))
    if committed is None:
        _refuse_strangers(upgrade, content)
    if committed is not None and content.has_content_of(committed):
        locking.reporter.info(f"{order.place.name} is up to date: nothing newer is there")
        return ProjectLock(order.place, committed, is_changed=False)
    for line in version_changes(committed, content):
        locking.reporter.info(line)
    write_bento_lock(order.place, content)
    locking.reporter.info(f"wrote {order.place}")
    return ProjectLock(order.place, content, is_changed=True)


def check_project_lock(request: ProjectLockRequest, locking: Locking) -> ProjectLock:
    """The bento.lock where it fits. Raises LockError, saying what has changed, where it does not. No index is asked."""
    bentofile = _bentofile(request, locking)
    committed = read_bento_lock(lock_place(bentofile.project, bentofile.path))
    order = _order(request, bentofile, committed, locking, KEEP)
    changes = changes_since(committed, order)
    if committed is None or changes:
        raise stale_error(order, committed, changes)
    locking.reporter.info(f"{order.place.name} fits")
    return ProjectLock(order.place, committed, is_changed=False)


def version_changes(before: BentoLock | None, after: BentoLock) -> Iterator[str]:
    """What a new bento.lock changes, a line for the base image and for each package of each platform; nothing where
    there was none before."""
    if before and before.inputs.base != after.inputs.base:
        yield f"base image {before.inputs.base} -> {after.inputs.base}"
    if before and before.inputs.interpreter != after.inputs.interpreter:
        yield f"Python of {before.inputs.interpreter or 'the base'} -> {after.inputs.interpreter or 'the base'}"
    for lock in after.locks if before else ():
        old = before.lock_for(lock.target.platform) if before else None
        yield from _pin_changes(
            lock.target.platform,
            {one.name: _pinned(one) for one in (old.packages if old else ())},
            {one.name: _pinned(one) for one in lock.packages},
        )


def _pinned_images(bentofile: Bentofile, order: LockOrder, upgrade: Upgrade, locking: Locking) -> LockOrder:
    """`order` with the digests of its images looked up: those that are not known, all where all is to be upgraded, none
    where somebody said that there is no network for this. One that is written in the bentofile stays."""
    docker = bentofile.docker
    is_offline = order.requests[0].settings.no_index or locking.environ.get("UV_OFFLINE", "").lower() in TRUE_WORDS

    def pinned(image: BaseImage, written: str | None) -> BaseImage:
        if "@" in (written or "") or (image.digest and not upgrade.is_total):
            return image
        if is_offline:
            known = "stays as it is" if image.digest else "is not recorded"
            words = f"the digest of the base image {known}: where no index is asked, no registry is"
            locking.reporter.info(words)
            return image
        return pinned_base(image, locking.environ, locking.reporter)

    interpreter = pinned(order.interpreter, docker.python_image) if order.interpreter else None
    return replace(order, base=pinned(order.base, docker.base_image), interpreter=interpreter)


def _pinned(package: LockedPackage) -> str:
    """The version; of a repository the commit, too, since many have one version."""
    revision = package.origin.revision if package.origin else None
    return f"{package.version} ({revision[:_COMMIT_LENGTH]})" if revision else package.version


def _pin_changes(platform: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            yield f"{platform}: {name} {old.get(name, 'none')} -> {new.get(name, 'none')}"


def _bentofile(request: ProjectLockRequest, locking: Locking) -> Bentofile:
    """The bentofile, joined with what the service declares."""
    project = request.project.absolute()
    written = load_bentofile(project, request.bentofile, is_optional=True)
    declaration = project_declaration(written, request.home or locking.cache / "no-models", locking.reporter)
    is_optional = declaration is not None
    bentofile = load_bentofile(project, request.bentofile, is_optional=is_optional, declaration=declaration)
    if not bentofile.python.lock_packages:
        raise LockError(
            "`python.lock_packages: false` leaves nothing to lock", hint="take it out of the bentofile to lock"
        )
    return bentofile


def _usable_lock(bentofile: Bentofile, locking: Locking) -> BentoLock | None:
    """The bento.lock that is there; one that cannot be used is about to be replaced."""
    try:
        return read_bento_lock(lock_place(bentofile.project, bentofile.path))
    except LockError as error:
        locking.reporter.warn(str(error))
        return None


def _order(
    request: ProjectLockRequest,
    bentofile: Bentofile,
    committed: BentoLock | None,
    locking: Locking,
    upgrade: Upgrade,
) -> LockOrder:
    locked = tuple(lock.target.platform for lock in committed.locks) if committed else ()
    platforms = request.platforms or locked or (DEFAULT_PLATFORM,)
    python = image_python(bentofile, committed)
    return lock_order(bentofile, python, platforms, locking, committed=committed, upgrade=upgrade)


def _dropped(committed: BentoLock | None, order: LockOrder) -> Iterator[str]:
    asked = {prepared.target.platform for prepared in order.requests}
    for lock in committed.locks if committed else ():
        if lock.target.platform not in asked:
            yield f"{lock.target.platform} is no longer asked for"


def _canonical(upgrade: Upgrade) -> Upgrade:
    return replace(upgrade, names=frozenset(canonicalize_name(name) for name in upgrade.names))


def _refuse_strangers(upgrade: Upgrade, lock: BentoLock) -> None:
    """Raises UsageError for a name that the lock has not."""
    known = {package.name for one in lock.locks for package in one.packages}
    for name in sorted(upgrade.names - known):
        raise UsageError(f"`{name}` is not locked, so it cannot be upgraded", hint=did_you_mean(name, known))
