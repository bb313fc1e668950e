"""A project's locks, for `build` and for `ekiben lock`: out of its bento.lock, else the cache, else from the indexes.

What is asked for is decided here, once: both commands mean the same requirements, Python and base image. How a request
becomes a lock is `lock/`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.bases.standing import Standing, Unfit, standing_of
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.draft import DEFAULT_PLATFORM
from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.lock.bento_lock import BentoLock, LockInputs, lock_place, read_bento_lock, sources_of
from ekiben.packager.lock.freshness import differences
from ekiben.packager.lock.indexes import Rules
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.origin import OwnWheel
from ekiben.packager.lock.preparing import Prepared, prepare
from ekiben.packager.lock.pylock import format_pylock
from ekiben.packager.lock.request import Lock, LockRequest
from ekiben.packager.lock.resolve import TIMEOUT_S, age_text, lock_prepared, tell_yanked, utc_now
from ekiben.packager.parts import INTENT, LOCK, PYLOCK, platform_lock, platform_pylock
from ekiben.packager.requirements import requirement_lines
from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS
from ekiben.report import Reporter


@dataclass(frozen=True, slots=True)
class Locking:
    """What locking works with: the store's cache, and the world outside."""

    cache: Path
    reporter: Reporter
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
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


@dataclass(frozen=True, slots=True)
class LockOrder:
    """What is to be locked: a request for each platform, read and ready, the image that they stand on with the one that
    its Python is copied from, the project and its bentofile."""

    requests: tuple[Prepared, ...]
    base: BaseImage
    project: Path
    bentofile: Path | None = None
    interpreter: BaseImage | None = None

    @property
    def place(self) -> Path:
        """Where the bento.lock lies."""
        return lock_place(self.project, self.bentofile).absolute()

    @property
    def inputs(self) -> LockInputs:
        """What the locks are made from."""
        first = self.requests[0]
        return LockInputs(tuple(first.intent.text.splitlines()), sources_of(first.request), self.base, self.interpreter)

    @property
    def wheels(self) -> tuple[OwnWheel, ...]:
        """The wheels that no index has, each once."""
        return tuple(dict.fromkeys(wheel for prepared in self.requests for wheel in prepared.wheels))

    @property
    def open_requirements(self) -> str:
        """What pip is asked where nothing is locked: the requirements as written, own wheels by their versions."""
        intent = self.requests[0].intent
        lines = (*(one.line for one in intent.requirements), *(one.text for one in intent.sources))
        return "".join(f"{line}\n" for line in lines)


def committed_lock(bentofile: Bentofile, *, is_locked: bool) -> BentoLock | None:
    """The project's bento.lock, None where there is none or nothing is to be locked. Raises LockError, also where
    nothing but it will do."""
    if bentofile.python.lock_packages:
        return read_bento_lock(lock_place(bentofile.project, bentofile.path))
    if is_locked:
        raise LockError("`python.lock_packages: false` leaves nothing to be locked", hint="leave one of the two out")
    return None


def image_python(bentofile: Bentofile, committed: BentoLock | None) -> str:
    """The image's Python: the bentofile's, else the one that its bento.lock is for, else that of the running one."""
    locked = committed.locks[0].target.python if committed else None
    return bentofile.docker.python_version or locked or f"{sys.version_info.major}.{sys.version_info.minor}"


def lock_order(
    bentofile: Bentofile,
    python: str,
    platforms: Iterable[str],
    locking: Locking,
    *,
    committed: BentoLock | None = None,
    upgrade: Upgrade = KEEP,
) -> LockOrder:
    """What a project asks for, on each of `platforms`, with a Python such as `3.12` or `3.12.4`; the wheels of its own
    are made.

    Raises LockError for requirements that cannot be read, or of which no wheel can be built, and where there is no base
    for this Python.
    """
    standing = bentofile_standing(bentofile, python)
    base = BaseImage.parse(standing.base)
    if base.known_libc is None:
        locking.reporter.info(f"base image `{base.reference}` does not tell its C library, taken for glibc 2.36")
    base = _with_known_digest(base, committed.inputs.base if committed else None)
    interpreter = BaseImage.parse(standing.python_image) if standing.python_image else None
    if interpreter:
        interpreter = _with_known_digest(interpreter, committed.inputs.interpreter if committed else None)
    request = _request(bentofile, ".".join(python.split(".")[:2]), base, locking)
    requests = [
        prepare(
            replace(
                request,
                platform=platform,
                preferred=_kept_pins(committed, platform, upgrade),
                exclude_newer=upgrade.exclude_newer,
            ),
            cache=locking.cache,
            reporter=locking.reporter,
            environ=locking.environ,
            timeout_s=TIMEOUT_S,
            is_fresh=upgrade.asks_indexes,
        )
        for platform in dict.fromkeys(platforms)
    ]
    return LockOrder(tuple(requests), base, bentofile.project, bentofile.path, interpreter)


def bentofile_standing(bentofile: Bentofile, python: str) -> Standing:
    """What the image stands on with a Python such as `3.12` or `3.12.4`. Raises LockError where that is nothing."""
    docker = bentofile.docker
    try:
        return standing_of(
            docker.distro,
            python,
            cuda_version=docker.cuda_version,
            base_image=docker.base_image,
            python_image=docker.python_image,
            has_conda=bool(bentofile.conda.dependencies),
        )
    except Unfit as unfit:
        raise LockError(f"`docker.{unfit.key}` {unfit.message}", hint=unfit.hint) from unfit


def _with_known_digest(image: BaseImage, known: BaseImage | None) -> BaseImage:
    """`image` as it is `known`, where its reference says no digest."""
    return known if known and known.reference == image.reference and image.digest is None else image


def locks_for_build(
    order: LockOrder, committed: BentoLock | None, locking: Locking, *, is_locked: bool = False
) -> tuple[Lock, ...]:
    """A lock for each platform: those of the bento.lock where it fits, without any network; else resolved, with its
    pins kept. Raises LockError where `is_locked` and it does not fit."""
    changes = changes_since(committed, order)
    if committed is not None and not changes:
        return _committed_locks(order, committed, locking)
    if is_locked:
        raise stale_error(order, committed, changes)
    if committed is not None:
        locking.reporter.warn(
            f"`{order.place.name}` does not fit: {'; '.join(changes)}", hint=_remedy(order, committed)
        )
    return resolve_locks(order, locking)


def resolve_locks(order: LockOrder, locking: Locking, upgrade: Upgrade = KEEP) -> tuple[Lock, ...]:
    """A lock for each platform, out of the cache or from the indexes. What a platform has no pin to keep for is taken
    from the first one's lock, so that versions agree."""
    locks: list[Lock] = []
    for prepared in order.requests:
        kept = {one.name: one for one in prepared.request.preferred}
        first = {one.name: one for one in (locks[0].packages if locks else ())}
        pins = tuple(sorted({**first, **kept}.values(), key=lambda one: one.name))
        locks.append(
            lock_prepared(
                replace(prepared, request=replace(prepared.request, preferred=pins)),
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
    targets = (prepared.target for prepared in order.requests)
    return differences(committed, order.inputs, targets, order.requests[0].request.tool)


def stale_error(order: LockOrder, committed: BentoLock | None, changes: Iterable[str]) -> LockError:
    """The error for a bento.lock that was to be used as it is."""
    fault = f"does not fit: {'; '.join(changes)}" if committed else "does not exist"
    return LockError(f"`{order.place}` {fault}", hint=_remedy(order, committed))


def _remedy(order: LockOrder, committed: BentoLock | None) -> str:
    """Platforms are named where `ekiben lock` alone would lock others: it keeps to those that are locked."""
    locked = [lock.target.platform for lock in committed.locks] if committed else []
    asked = [prepared.target.platform for prepared in order.requests]
    is_plain = set(asked) <= set(locked or [DEFAULT_PLATFORM])
    wanted = "" if is_plain else "".join(f" --platform {one}" for one in dict.fromkeys([*locked, *asked]))
    return f"`{_lock_command(order)}{wanted}` {'brings it up to date' if committed else 'writes it'}"


def _lock_command(order: LockOrder) -> str:
    """`ekiben lock` for this project and bentofile, to be typed where we are."""
    here = Path.cwd()
    folder = str(order.project.relative_to(here) if order.project.is_relative_to(here) else order.project)
    words = ["ekiben", "lock", *([folder] if folder != os.curdir else [])]
    if order.bentofile and order.place != lock_place(order.project, None):
        words += ["-f", os.path.relpath(order.bentofile, order.project)]
    return shlex.join(words)


def lock_files(locks: tuple[Lock, ...]) -> dict[str, str]:
    """The texts of these locks in a Bento, by path: those of the first platform under the plain names, and one of each
    for every platform where there are several."""
    first = locks[0]
    files = {INTENT: first.intent, LOCK: first.text, PYLOCK: format_pylock(first.packages, first.target)}
    for lock in locks if len(locks) > 1 else ():
        files[platform_lock(lock.target.platform)] = lock.text
        files[platform_pylock(lock.target.platform)] = format_pylock(lock.packages, lock.target)
    return files


def _request(bentofile: Bentofile, python: str, base: BaseImage, locking: Locking) -> LockRequest:
    options = bentofile.python
    return LockRequest(
        requirements=(*RUNTIME_REQUIREMENTS, *requirement_lines(bentofile, locking.environ, locking.reporter)),
        project=bentofile.project,
        python=python,
        libc=base.libc,
        tool=options.lock_tool,
        index_url=options.index_url,
        extra_index_url=options.extra_index_url,
        find_links=options.find_links,
        no_index=options.no_index,
        trusted_host=options.trusted_host,
        pack_repositories=options.pack_git_packages,
        rules=Rules(
            options.indexes, options.index_strategy, options.torch, options.only_binary, options.allow_prereleases
        ),
    )


def _kept_pins(committed: BentoLock | None, platform: str, upgrade: Upgrade) -> tuple[LockedPackage, ...]:
    lock = committed.lock_for(platform) if committed and not upgrade.is_total else None
    return tuple(one for one in (lock.packages if lock else ()) if one.name not in upgrade.names)


def _committed_locks(order: LockOrder, committed: BentoLock, locking: Locking) -> tuple[Lock, ...]:
    found = (committed.lock_for(prepared.target.platform) for prepared in order.requests)
    locks = tuple(lock for lock in found if lock is not None)
    oldest = min(lock.created for lock in locks)
    locking.reporter.info(f"lock: {order.place.name}, {age_text(locking.now() - oldest)}")
    for lock in locks:
        tell_yanked(lock, locking.reporter)
    return locks
