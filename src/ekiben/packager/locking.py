"""A project's locks, for `build` and for `ekiben lock`: out of its bento.lock, else the cache, else from the indexes.

What is asked for is decided here, once: both commands mean the same requirements, Python and base image. How a request
becomes a lock is `lock/`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.lock.base_image import BaseImage, default_base_image
from ekiben.packager.lock.bento_lock import BentoLock, LockInputs, lock_place, sources_of
from ekiben.packager.lock.freshness import differences
from ekiben.packager.lock.intent import read_intent
from ekiben.packager.lock.pylock import format_pylock
from ekiben.packager.lock.request import Lock, LockRequest
from ekiben.packager.lock.resolve import age_text, lock_requirements, tell_yanked, utc_now
from ekiben.packager.lock.target import Target
from ekiben.packager.parts import INTENT, LOCK, PYLOCK, platform_lock, platform_pylock
from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS
from ekiben.report import Reporter

_REMEDY = "`ekiben lock` brings it up to date"


@dataclass(frozen=True, slots=True)
class LockOrder:
    """What is to be locked: a request for each platform, the image that they stand on, and where the bento.lock lies."""

    requests: tuple[LockRequest, ...]
    base: BaseImage
    place: Path

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets, in the order of the requests. Raises LockError for one that cannot be locked for."""
        return tuple(request.target for request in self.requests)

    @property
    def inputs(self) -> LockInputs:
        """What the locks are made from. Raises LockError for requirements that cannot be read."""
        first = self.requests[0]
        lines = read_intent(first.requirements, first.project).text.splitlines()
        return LockInputs(tuple(lines), sources_of(first), self.base)


@dataclass(frozen=True, slots=True)
class Locking:
    """What locking works with: the store's cache, and the world outside."""

    cache: Path
    reporter: Reporter
    environ: Mapping[str, str] = os.environ
    now: Callable[[], datetime] = utc_now


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Which pins need not be kept: of `names`, or with `is_total` of every package. Files that an index got after
    `exclude_newer` (RFC 3339, UTC) do not exist."""

    names: frozenset[str] = frozenset()
    is_total: bool = False
    exclude_newer: str | None = None

    @property
    def asks_indexes(self) -> bool:
        """Whether a lock that is here already does not answer."""
        return bool(self.names or self.is_total or self.exclude_newer)


KEEP = Upgrade()


def image_python(bentofile: Bentofile, committed: BentoLock | None) -> str:
    """The image's Python: the bentofile's, else the one that its bento.lock is for, else that of the running one."""
    locked = committed.locks[0].target.python if committed else None
    return bentofile.docker.python_version or locked or f"{sys.version_info.major}.{sys.version_info.minor}"


def lock_order(bentofile: Bentofile, python: str, platforms: Iterable[str], reporter: Reporter) -> LockOrder:
    """What a project asks for, on each of `platforms`, with a Python such as `3.12` or `3.12.4`."""
    options = bentofile.python
    base = BaseImage.parse(bentofile.docker.base_image or default_base_image(python))
    if base.known_libc is None:
        reporter.info(f"base image `{base.reference}` does not tell its C library: wheels may ask for glibc 2.36")
    file = (f"-r {options.requirements_txt}",) if options.requirements_txt else ()
    request = LockRequest(
        requirements=(*RUNTIME_REQUIREMENTS, *file, *options.packages, *bentofile.conda.pip),
        project=bentofile.project,
        python=".".join(python.split(".")[:2]),
        libc=base.libc,
        tool=options.lock_tool,
        index_url=options.index_url,
        extra_index_url=options.extra_index_url,
        find_links=options.find_links,
        no_index=options.no_index,
        trusted_host=options.trusted_host,
    )
    requests = tuple(replace(request, platform=platform) for platform in dict.fromkeys(platforms))
    return LockOrder(requests, base, lock_place(bentofile.project, bentofile.path))


def locks_for_build(
    order: LockOrder, committed: BentoLock | None, locking: Locking, *, is_locked: bool = False
) -> tuple[Lock, ...]:
    """A lock for each platform: those of the bento.lock where it fits, without any network; else resolved, with its pins
    kept. Raises LockError where `is_locked` and it does not fit."""
    changes = changes_since(committed, order)
    if committed is not None and not changes:
        return _committed_locks(order, committed, locking)
    if is_locked:
        raise stale_error(order.place, changes)
    if committed is not None:
        locking.reporter.warn(f"`{order.place.name}` does not fit: {'; '.join(changes)}", hint=_REMEDY)
    return resolve_locks(order, committed, locking)


def resolve_locks(
    order: LockOrder, kept: BentoLock | None, locking: Locking, upgrade: Upgrade = KEEP
) -> tuple[Lock, ...]:
    """A lock for each platform, out of the cache or from the indexes. Pins of `kept` stay wherever the requirements and
    `upgrade` allow it; what a platform has no pin for is taken from the first one's, so that versions agree."""
    locks: list[Lock] = []
    for request in order.requests:
        before = kept.lock_for(request.platform) if kept and not upgrade.is_total else None
        old = {one.name: one for one in (before.packages if before else ()) if one.name not in upgrade.names}
        first = {one.name: one for one in (locks[0].packages if locks else ())}
        pins = tuple(sorted({**first, **old}.values(), key=lambda one: one.name))
        locks.append(
            lock_requirements(
                replace(request, preferred=pins, exclude_newer=upgrade.exclude_newer),
                cache=locking.cache,
                reporter=locking.reporter,
                environ=locking.environ,
                now=locking.now,
                is_fresh=upgrade.asks_indexes,
            )
        )
    return tuple(locks)


def changes_since(committed: BentoLock | None, order: LockOrder) -> list[str]:
    """Why a bento.lock does not fit, a phrase each; empty where it does."""
    if committed is None:
        return ["it does not exist"]
    return differences(committed, order.inputs, order.targets, order.requests[0].tool)


def stale_error(place: Path, changes: Iterable[str]) -> LockError:
    """The error for a bento.lock that was to be used as it is."""
    return LockError(f"`{place}` does not fit: {'; '.join(changes)}", hint=_REMEDY)


def lock_files(locks: tuple[Lock, ...]) -> dict[str, str]:
    """The texts of these locks in a Bento, by path: those of the first platform under the plain names, and one of each
    for every platform where there are several."""
    first = locks[0]
    files = {INTENT: first.intent, LOCK: first.text, PYLOCK: format_pylock(first.packages, first.target)}
    for lock in locks if len(locks) > 1 else ():
        files[platform_lock(lock.target.platform)] = lock.text
        files[platform_pylock(lock.target.platform)] = format_pylock(lock.packages, lock.target)
    return files


def _committed_locks(order: LockOrder, committed: BentoLock, locking: Locking) -> tuple[Lock, ...]:
    found = (committed.lock_for(target.platform) for target in order.targets)
    locks = tuple(lock for lock in found if lock is not None)
    oldest = min(lock.created for lock in locks)
    locking.reporter.info(f"lock: {order.place.name}, {age_text(locking.now() - oldest)}")
    for lock in locks:
        tell_yanked(lock, locking.reporter)
    return locks
