"""The resolver `uv pip compile`: seconds, and for any platform. The only module that knows uv.

uv reads none of pip's configuration, so `PipSettings` are translated. They travel by environment: an index URL may
hold a password, and arguments can be read by every user of the machine. The user's own uv settings that would change
*what* is resolved are left out, so that a lock depends on the project and on pip's configuration alone.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from importlib.metadata import version

import uv

from ekiben.errors import LockError
from ekiben.packager.credentials import redact_known, secrets_of
from ekiben.packager.lock.child import run_child
from ekiben.packager.lock.explain import explain_uv, hint_for, warnings_of
from ekiben.packager.lock.job import OUTPUT, REQUIREMENTS, ResolverJob
from ekiben.packager.lock.pip_settings import PipSettings, as_url
from ekiben.report import Reporter

# The user's variables that say how uv works (cache, network, credentials), not what it resolves.
_KEPT = (
    "UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_KEYRING_PROVIDER",
    "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_CREDENTIALS_DIR",
)  # fmt: skip
# Said where the image's Python is not installed here, which matters to no lock that is made of wheels.
_NOISE = "The requested Python version"


def tool_version() -> str:
    """The version of uv that locks."""
    return version("uv")


def compile_with_uv(job: ResolverJob, reporter: Reporter) -> str:
    """The lock in uv's words. Raises LockError with uv's explanation where there is none."""
    environ = uv_environment(job.settings, job.environ)
    done = run_child(_command(job), cwd=job.folder, environ=environ, timeout_s=job.timeout_s)
    said = redact_known(done.said, secrets_of(job.settings.locations))
    if done.status != 0:
        raise LockError(f"cannot lock for {job.target}: {explain_uv(said)}", hint=hint_for(said))
    for warning in warnings_of(said):
        if not warning.startswith(_NOISE):
            reporter.warn(warning)
    return (job.folder / OUTPUT).read_text(encoding="utf-8")


def uv_environment(settings: PipSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for uv, with pip's settings in uv's words."""
    kept = {name: value for name, value in environ.items() if not name.startswith("UV_") or name in _KEPT}
    translated = {
        "UV_DEFAULT_INDEX": as_url(settings.index_url) if settings.index_url else "",
        "UV_INDEX": " ".join(map(as_url, settings.extra_index_urls)),
        "UV_FIND_LINKS": ",".join(map(as_url, settings.find_links)),
        "UV_INSECURE_HOST": " ".join(settings.trusted_hosts),
        "SSL_CLIENT_CERT": str(settings.client_cert or ""),
        "HTTP_PROXY": settings.proxy or "",
        "HTTPS_PROXY": settings.proxy or "",
    }
    defaults = {
        "UV_HTTP_TIMEOUT": str(math.ceil(settings.timeout_s)) if settings.timeout_s else "",
        "UV_KEYRING_PROVIDER": "subprocess" if settings.keyring_provider in ("subprocess", "import") else "",
    }
    result = {**{name: value for name, value in defaults.items() if value}, **kept}
    result |= {name: value for name, value in translated.items() if value}
    result |= {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1"}
    return result | _certificates(settings)


def _certificates(settings: PipSettings) -> dict[str, str]:
    if settings.cert:
        return {"SSL_CERT_DIR" if settings.cert.is_dir() else "SSL_CERT_FILE": str(settings.cert)}
    return {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}  # as pip: the system's store (new and old spelling)


def _command(job: ResolverJob) -> list[str]:
    target = job.target
    return [
        *(_binary(), "pip", "compile", REQUIREMENTS, *job.constraint_arguments, "--output-file", OUTPUT),
        *("--python-version", target.python, "--python-platform", target.uv_platform, "--python", sys.executable),
        *("--generate-hashes", "--no-header", "--no-annotate", "--no-config", "--color", "never"),
        *("--index-strategy", "unsafe-best-match"),  # pip's rule: the best version of any index
        *(["--no-index"] if job.settings.no_index else []),
    ]


def _binary() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise LockError("uv is not there", hint="`pip install uv`, or write `lock_tool: pip-tools`") from error
