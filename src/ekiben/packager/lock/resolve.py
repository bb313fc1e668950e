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

from ekiben.errors import LockError
from ekiben.packager.credentials import has_credentials, redact
from ekiben.packager.lock import pip_tools, uv_tool
from ekiben.packager.lock.cache import keep_lock, load_lock, lock_key
from ekiben.packager.lock.intent import Intent, Wanted, read_intent
from ekiben.packager.lock.job import CONSTRAINTS, REQUIREMENTS, ResolverJob
from ekiben.packager.lock.lockfile import LockedPackage, format_lock, parse_lock
from ekiben.packager.lock.pip_settings import PipSettings, local_path, pip_settings
from ekiben.packager.lock.request import Lock, LockRequest, LockTool
from ekiben.packager.lock.target import Target
from ekiben.report import Reporter

TIMEOUT_S = 1800.0  # pip-compile downloads every candidate to hash it where extra indexes are set: minutes are normal


def _utc_now() -> datetime:
    return datetime.now(UTC)


def lock_requirements(
    request: LockRequest,
    *,
    cache: Path,
    reporter: Reporter,
    environ: Mapping[str, str] = os.environ,
    now: Callable[[], datetime] = _utc_now,
    timeout_s: float = TIMEOUT_S,
) -> Lock:
    """Exact versions with hashes for everything that `request` asks for, on its Python and platform.

    Raises LockError when the requirements cannot be resolved or read, NotActedOn for a kind of requirement that
    cannot be locked by hash yet. Only a lock that is not in `cache` costs network.
    """
    target = Target(request.python, request.platform)
    intent = read_intent(request.requirements, request.project)
    for name in intent.replaced:
        reporter.info(f"`{name}` is replaced by ekiben-runtime")
    settings = _effective_settings(request, environ, reporter)
    key = lock_key(intent, target, request.tool, settings)
    kept = load_lock(cache, key)
    if kept:
        reporter.info(f"lock: reused from cache, {age_text(now() - kept.created)}")
        return kept
    with tempfile.TemporaryDirectory(prefix="ekiben-lock-") as folder:
        job = ResolverJob(Path(folder), target, settings, environ, timeout_s)
        pins = _resolve(job, request.tool, intent, reporter)
    lock = Lock(
        text=format_lock(pins),
        intent=intent.text,
        tool=request.tool,
        tool_version=_tool_version(request.tool),
        source="resolved now",
        created=now(),
        key=key,
    )
    _keep(cache, lock, reporter)
    return lock


def age_text(age: timedelta) -> str:
    """An age for people: `3 days old`."""
    for unit, seconds in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(age.total_seconds() // seconds)
        if count > 0:
            return f"{count} {unit}{'s' if count > 1 else ''} old"
    return "less than a minute old"


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


def _resolve(job: ResolverJob, tool: LockTool, intent: Intent, reporter: Reporter) -> list[LockedPackage]:
    (job.folder / REQUIREMENTS).write_text(_bare(intent.requirements), encoding="utf-8")
    if intent.constraints:
        (job.folder / CONSTRAINTS).write_text(_bare(intent.constraints), encoding="utf-8")
    started = time.monotonic()
    with reporter.task(f"locking for {job.target} with {tool}"):
        match tool:
            case "uv":
                raw = uv_tool.compile_with_uv(job, reporter)
            case "pip-tools":
                raw = pip_tools.compile_with_pip_tools(job, reporter)
            case _:
                assert_never(tool)
    pins = settle_pins(parse_lock(raw), intent.allowed_hashes())
    reporter.info(f"lock: {len(pins)} packages for {job.target} by {tool}, {time.monotonic() - started:.1f} s")
    return pins


def _bare(wanted: Iterable[Wanted]) -> str:
    """The lines without their hashes, which no resolver may choose by: see `settle_pins`."""
    return "".join(f"{one.text}\n" for one in wanted)


def settle_pins(pins: Iterable[LockedPackage], allowed: Mapping[str, frozenset[str]]) -> list[LockedPackage]:
    """The pins as a lock for one target holds them.

    Markers go, since the resolver answered for that target. Where the project's author named the hashes of a package,
    only those stay; LockError if none of them is left, or if the index gave a package no hash at all.
    """
    return [_settled(pin, allowed.get(pin.name)) for pin in pins]


def _settled(pin: LockedPackage, allowed: frozenset[str] | None) -> LockedPackage:
    if not pin.hashes:
        raise LockError(
            f"no index gives a hash for `{pin.name}=={pin.version}`", hint="use an index that has sha256 digests"
        )
    hashes = tuple(one for one in pin.hashes if allowed is None or one in allowed)
    if not hashes:
        raise LockError(
            f"none of the files found for `{pin.name}=={pin.version}` has a hash that the requirements name",
            hint="name the hashes of that version, or pin the version that the hashes belong to",
        )
    return replace(pin, hashes=hashes, marker=None)


def _tool_version(tool: LockTool) -> str:
    return uv_tool.tool_version() if tool == "uv" else pip_tools.tool_version()


def _keep(cache: Path, lock: Lock, reporter: Reporter) -> None:
    try:
        keep_lock(cache, lock)
    except OSError as error:
        reporter.warn(f"the lock could not be kept for the next build: {error}")
