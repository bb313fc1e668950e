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
from ekiben.errors import LockError
from ekiben.packager.credentials import has_credentials, redact
from ekiben.packager.lock import pip_tools, uv_tool
from ekiben.packager.lock.cache import keep_lock, load_lock, lock_key
from ekiben.packager.lock.explain import yanked_in
from ekiben.packager.lock.intent import Intent, Wanted, read_intent
from ekiben.packager.lock.job import CONSTRAINTS, REQUIREMENTS, Resolution, ResolverJob
from ekiben.packager.lock.lockfile import LockedPackage
from ekiben.packager.lock.metadata import with_licences
from ekiben.packager.lock.pip_settings import PipSettings, local_path, pip_settings
from ekiben.packager.lock.request import Lock, LockRequest, LockTool
from ekiben.packager.lock.settling import needs_building, read_local_files, settle_pins, without_local_urls
from ekiben.report import Reporter

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
    cannot be locked by hash yet. Only a lock that is not in `cache` costs network; `is_fresh` asks the indexes anyway.
    """
    target = request.target
    intent = read_intent(request.requirements, request.project)
    for name in intent.replaced:
        reporter.info(f"`{name}` is replaced by ekiben-runtime")
    settings = _effective_settings(request, environ, reporter)
    key = lock_key(request, intent, settings)
    kept = None if is_fresh else load_lock(cache, key)
    if kept:
        reporter.info(f"lock: reused from cache, {age_text(now() - kept.created)}")
        tell_yanked(kept, reporter)
        return kept
    with tempfile.TemporaryDirectory(prefix="ekiben-lock-") as folder:
        job = ResolverJob(
            Path(folder), target, settings, environ, timeout_s, request.preferred, request.exclude_newer
        )
        packages = _locked_packages(job, request.tool, intent, reporter)
    lock = Lock(
        packages=packages,
        intent=intent.text,
        target=target,
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


def _effective_settings(request: LockRequest, environ: Mapping[str, str], reporter: Reporter) -> PipSettings:
    settings = _project_settings(pip_settings(environ), request)
    present = [one for one in settings.find_links if _may_exist(one)]
    for missing in sorted(set(settings.find_links) - set(present)):
        reporter.warn(f"the find-links location `{redact(missing)}` does not exist")
    return replace(settings, find_links=tuple(present))


def _project_settings(settings: PipSettings, request: LockRequest) -> PipSettings:
    """pip's settings under the project's. Raises LockError for a URL with a credential in it."""
    for url in (request.index_url or "", *request.extra_index_url, *request.find_links):
        if has_credentials(url):
            raise LockError(
                f"`{redact(url)}` carries a credential",
                hint="take it out: user and password come from netrc, a keyring or pip's configuration",
            )
    return settings.for_project(
        request.project,
        index_url=request.index_url,
        extra_index_urls=request.extra_index_url,
        find_links=request.find_links,
        no_index=request.no_index,
        trusted_hosts=request.trusted_host,
    )


def _may_exist(location: str) -> bool:
    path = local_path(location)
    return path is None or path.exists()


def _locked_packages(
    job: ResolverJob, tool: LockTool, intent: Intent, reporter: Reporter
) -> tuple[LockedPackage, ...]:
    (job.folder / REQUIREMENTS).write_text(_bare(intent.requirements), encoding="utf-8")
    if intent.constraints:
        (job.folder / CONSTRAINTS).write_text(_bare(intent.constraints), encoding="utf-8")
    started = time.monotonic()
    with reporter.task(f"locking for {job.target} with {tool}"):
        found = _resolve(job, tool)
        pins = settle_pins(read_local_files(found.packages), intent.allowed_hashes(), job.target)
        pins = with_licences(_yanked(pins, found.warnings), job)
    _tell(pins, found.warnings, job, reporter)
    reporter.info(f"lock: {len(pins)} packages for {job.target} by {tool}, {time.monotonic() - started:.1f} s")
    return without_local_urls(pins)


def _resolve(job: ResolverJob, tool: LockTool) -> Resolution:
    match tool:
        case "uv":
            return uv_tool.compile_with_uv(job)
        case "pip-tools":
            return pip_tools.compile_with_pip_tools(job)
        case _:
            assert_never(tool)


def _bare(wanted: Iterable[Wanted]) -> str:
    """The lines without their hashes, which no resolver may choose by: see `settle_pins`."""
    return "".join(f"{one.text}\n" for one in wanted)


def _yanked(pins: Iterable[LockedPackage], warnings: Iterable[str]) -> tuple[LockedPackage, ...]:
    yanked = yanked_in(warnings)
    return tuple(replace(one, is_yanked=(one.name, one.version) in yanked) for one in pins)


def _tell(pins: Iterable[LockedPackage], warnings: Iterable[str], job: ResolverJob, reporter: Reporter) -> None:
    for warning in warnings:
        reporter.warn(warning)
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
