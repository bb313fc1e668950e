"""`lock_requirements`: from a request to a lock, from the cache where nothing changed, else by asking the indexes."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import assert_never

from ekiben.digest import Digest
from ekiben.packager.lock import pip_tools, uv_tool
from ekiben.packager.lock.cache import keep_lock, load_lock, lock_key
from ekiben.packager.lock.explain import yanked_in
from ekiben.packager.lock.intent import Wanted
from ekiben.packager.lock.job import CONSTRAINTS, REQUIREMENTS, Resolution, ResolverJob
from ekiben.packager.lock.licence_cache import LicenceCache
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.metadata import with_licences
from ekiben.packager.lock.preparing import Prepared, prepare
from ekiben.packager.lock.request import Lock, LockRequest, LockTool
from ekiben.packager.lock.settling import (
    needs_building,
    read_local_files,
    settle_pins,
    with_origins,
    without_local_urls,
)
from ekiben.packager.lock.wheel_files import WHEEL_FILES, WheelFiles
from ekiben.report import Reporter

LICENCES = "licences"  # in the store's cache
TIMEOUT_S = 1800.0  # pip-compile downloads every candidate to hash it where extra indexes are set: minutes are normal


def utc_now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def lock_requirements(
    request: LockRequest,
    *,
    cache: Path,
    reporter: Reporter,
    environ: Mapping[str, str] = os.environ,
    now: Callable[[], datetime] = utc_now,
    timeout_s: float = TIMEOUT_S,
    is_fresh: bool = False,
) -> Lock:
    """Exact versions with hashes for everything that `request` asks for, on its Python and platform.

    Raises LockError when the requirements cannot be resolved or read, NotActedOn for a kind of requirement that
    cannot be locked. Only a lock that is not in `cache` costs network; `is_fresh` asks the indexes anyway.
    """
    prepared = prepare(request, cache=cache, reporter=reporter, environ=environ, timeout_s=timeout_s, is_fresh=is_fresh)
    return lock_prepared(
        prepared, cache=cache, reporter=reporter, environ=environ, now=now, timeout_s=timeout_s, is_fresh=is_fresh
    )


def lock_prepared(
    prepared: Prepared,
    *,
    cache: Path,
    reporter: Reporter,
    environ: Mapping[str, str],
    now: Callable[[], datetime] = utc_now,
    timeout_s: float = TIMEOUT_S,
    is_fresh: bool = False,
) -> Lock:
    """The same for a request that is prepared."""
    request = prepared.request
    key = lock_key(request, prepared.intent, prepared.settings)
    kept = None if is_fresh else load_lock(cache, key)
    if kept:
        reporter.info(f"lock: reused from cache, {age_text(now() - kept.created)}")
        tell_yanked(kept, reporter)
        return kept
    packages = _locked_packages(prepared, cache, environ, timeout_s, reporter)
    lock = Lock(
        packages=packages,
        intent=prepared.intent.text,
        target=prepared.target,
        tool=request.tool,
        tool_version=_tool_version(request.tool),
        source="resolved now",
        created=now(),
        exclude_newer=request.exclude_newer,
    )
    _keep(cache, lock, key, reporter)
    return lock


def age_text(age: timedelta) -> str:
    """An age for people: `3 days old`."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(age.total_seconds() // seconds)
        if count > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} old"
    return "less than a minute old"


def tell_yanked(lock: Lock, reporter: Reporter) -> None:
    """Says which pins of a lock made earlier were yanked then."""
    for package in lock.packages:
        if package.is_yanked:
            reporter.warn(f"`{package.name}=={package.version}` is yanked", hint="`ekiben lock --upgrade` moves it")


def _locked_packages(
    prepared: Prepared, cache: Path, environ: Mapping[str, str], timeout_s: float, reporter: Reporter
) -> tuple[LockedPackage, ...]:
    request, intent, target = prepared.request, prepared.intent, prepared.target
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="ekiben-lock-") as folder,
        reporter.task(f"locking for {target} with {request.tool}"),
    ):
        job = ResolverJob(
            folder=Path(folder),
            target=target,
            settings=prepared.resolver_settings,
            environ=environ,
            timeout_s=timeout_s,
            preferred=request.preferred,
            exclude_newer=request.exclude_newer,
            rules=request.rules.on_this_machine(environ),
        )
        (job.folder / REQUIREMENTS).write_text(_lines(intent.requirements), encoding="utf-8")
        if intent.constraints:
            (job.folder / CONSTRAINTS).write_text(_lines(intent.constraints), encoding="utf-8")
        found = _resolve(job, request.tool)
        pins = settle_pins(read_local_files(found.packages), intent.allowed_hashes(), target)
        pins = _yanked(pins, found.warnings)
        pins = with_licences(pins, job, LicenceCache(cache / LICENCES), WheelFiles(cache / WHEEL_FILES))
    _tell(pins, found.warnings, job, reporter)
    reporter.info(f"lock: {len(pins)} packages for {target} by {request.tool}, {time.monotonic() - started:.1f} s")
    return with_origins(without_local_urls(pins), prepared.wheels)


def _resolve(job: ResolverJob, tool: LockTool) -> Resolution:
    match tool:
        case "uv":
            return uv_tool.compile_with_uv(job)
        case "pip-tools":
            return pip_tools.compile_with_pip_tools(job)
        case _:
            assert_never(tool)


def _lines(wanted: Iterable[Wanted]) -> str:
    """The lines without their hashes, which no resolver may choose by: see `settle_pins`."""
    return "".join(f"{one.line}\n" for one in wanted)


def _yanked(pins: Iterable[LockedPackage], warnings: Iterable[str]) -> tuple[LockedPackage, ...]:
    yanked = yanked_in(warnings)
    return tuple(replace(one, is_yanked=one.is_yanked or (one.name, one.version) in yanked) for one in pins)


def _tell(pins: Iterable[LockedPackage], warnings: Iterable[str], job: ResolverJob, reporter: Reporter) -> None:
    for warning in warnings:
        reporter.warn(warning)
    unknown = [package.name for package in pins if package.licence is None]
    if unknown:
        reporter.info(f"lock: no licence is known of {', '.join(unknown)}")
    for package in pins:
        if needs_building(package, job.target):
            reporter.warn(
                f"`{package.name}=={package.version}` has no wheel for {job.target} with {job.target.libc_name}",
                hint="it is built while the image is made, which needs its compiler there",
            )


def _tool_version(tool: LockTool) -> str:
    return uv_tool.tool_version() if tool == "uv" else pip_tools.tool_version()


def _keep(cache: Path, lock: Lock, key: Digest, reporter: Reporter) -> None:
    try:
        keep_lock(cache, lock, key)
    except OSError as error:
        reporter.warn(f"the lock could not be kept for the next build: {error}")
