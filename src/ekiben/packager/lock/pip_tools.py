"""The resolver `pip-compile`: pip's own, for the running Python and platform only. The only module that knows
pip-tools.

It tells hashes and no files, so pip is asked which file it would install for each pin: that one is locked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version

from ekiben.errors import LockError
from ekiben.packager.credentials import redact_known
from ekiben.packager.lock.child import run_child
from ekiben.packager.lock.explain import explain_pip, hint_for, warnings_of
from ekiben.packager.lock.job import REQUIREMENTS, Resolution, ResolverJob
from ekiben.packager.lock.licences import licence_of
from ekiben.packager.lock.lockfile import LockedPackage, format_lock, parse_lock
from ekiben.packager.lock.pip_environment import pip_environment
from ekiben.packager.lock.pip_report import Reported, ask_pip
from ekiben.packager.lock.target import host_target

_OUTPUT = "requirements.lock"


def tool_version() -> str:
    """The version of pip-tools that locks."""
    return version("pip-tools")


def compile_with_pip_tools(job: ResolverJob) -> Resolution:
    """What pip-compile resolves. Raises LockError for a target other than the host, and with pip's explanation where
    there is no lock."""
    if not job.target.is_host:
        raise LockError(
            f"pip-tools cannot lock for {job.target}: it resolves for its own host, {host_target() or sys.platform}",
            hint="write `lock_tool: uv`, which locks for any of them",
        )
    output = job.folder / _OUTPUT
    if job.preferred:
        output.write_text(format_lock(job.preferred), encoding="utf-8")
    environ = pip_environment(job.settings, job.environ)
    done = run_child(_command(job), cwd=job.folder, environ=environ, timeout_s=job.timeout_s)
    said = redact_known(done.said, job.secrets)
    if done.status != 0:
        raise LockError(f"cannot lock for {job.target}: {explain_pip(said)}", hint=hint_for(said))
    packages = parse_lock(output.read_text(encoding="utf-8"))
    return Resolution(_with_files(packages, ask_pip(packages, job, is_host=True)), tuple(warnings_of(said)))


def _with_files(packages: Iterable[LockedPackage], reported: dict[str, Reported]) -> tuple[LockedPackage, ...]:
    """The pins, each with the one file that pip would take where it is among those locked; else as they are."""
    return tuple(
        replace(package, files=(found.file,), licence=licence_of(found.fields), is_yanked=found.is_yanked)
        if (found := reported.get(package.name)) and found.file.sha256 in package.hashes
        else package
        for package in packages
    )


def _command(job: ResolverJob) -> list[str]:
    return [
        *(sys.executable, "-m", "piptools", "compile", REQUIREMENTS, *job.constraint_arguments),
        *("--output-file", _OUTPUT, "--generate-hashes", "--allow-unsafe", "--strip-extras"),
        *("--no-header", "--no-annotate", "--no-config", "--quiet"),
        *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
        *(["--uploaded-prior-to", job.exclude_newer] if job.exclude_newer else []),
        *(["--pre"] if job.rules.allow_prereleases else []),
        *([f"--pip-args=--only-binary={','.join(job.rules.only_binary)}"] if job.rules.only_binary else []),
    ]
