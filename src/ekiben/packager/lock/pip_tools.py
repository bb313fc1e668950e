"""The resolver `pip-compile`: pip's own, for the running Python and platform only. The only module that knows
pip-tools."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import version

from ekiben.errors import LockError
from ekiben.packager.credentials import redact_known, secrets_of
from ekiben.packager.lock.child import run_child
from ekiben.packager.lock.explain import explain_pip, hint_for, warnings_of
from ekiben.packager.lock.job import OUTPUT, REQUIREMENTS, ResolverJob
from ekiben.packager.lock.pip_settings import PipSettings, as_url
from ekiben.packager.lock.target import host_target
from ekiben.report import Reporter


def tool_version() -> str:
    """The version of pip-tools that locks."""
    return version("pip-tools")


def compile_with_pip_tools(job: ResolverJob, reporter: Reporter) -> str:
    """The lock in pip-compile's words. Raises LockError for a target other than the host, and with pip's explanation
    where there is no lock."""
    if not job.target.is_host:
        raise LockError(
            f"pip-tools cannot lock for {job.target}: it resolves for its own host, {host_target() or sys.platform}",
            hint="write `lock_tool: uv`, which locks for any of them",
        )
    environ = pip_environment(job.settings, job.environ)
    done = run_child(_command(job), cwd=job.folder, environ=environ, timeout_s=job.timeout_s)
    said = redact_known(done.said, secrets_of(job.settings.locations))
    if done.status != 0:
        raise LockError(f"cannot lock for {job.target}: {explain_pip(said)}", hint=hint_for(said))
    for warning in warnings_of(said):
        reporter.warn(warning)
    return (job.folder / OUTPUT).read_text(encoding="utf-8")


def pip_environment(settings: PipSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for pip: its own configuration stays in force, the settings that a project may change go on top."""
    changed = {
        "PIP_INDEX_URL": as_url(settings.index_url) if settings.index_url else "",
        "PIP_EXTRA_INDEX_URL": " ".join(map(as_url, settings.extra_index_urls)),
        "PIP_FIND_LINKS": " ".join(map(as_url, settings.find_links)),
        "PIP_TRUSTED_HOST": " ".join(settings.trusted_hosts),
    }
    fixed = {"PIP_NO_INDEX": str(int(settings.no_index)), "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**environ, **{name: value for name, value in changed.items() if value}, **fixed}


def _command(job: ResolverJob) -> list[str]:
    return [
        *(sys.executable, "-m", "piptools", "compile", REQUIREMENTS, *job.constraint_arguments),
        *("--output-file", OUTPUT, "--generate-hashes", "--allow-unsafe", "--strip-extras"),
        *("--no-header", "--no-annotate", "--no-config", "--quiet"),
        *("--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host", "--no-emit-options"),
    ]
