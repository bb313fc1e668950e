"""The resolver `uv pip compile`: seconds, and for any platform. The only module that knows uv.

uv reads none of pip's configuration, so `PipSettings` are translated. They travel by environment: an index URL may
hold a password, and arguments can be read by every user of the machine. The user's own uv settings that would change
*what* is resolved are left out, so that a lock depends on the project and on pip's configuration alone.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version

import uv

from ekiben.errors import LockError
from ekiben.packager.credentials import login_variables, redact_known
from ekiben.packager.lock.child import Finished, run_child
from ekiben.packager.lock.explain import explain_uv, hint_for, refusals_in, warnings_of
from ekiben.packager.lock.indexes import ASKING, TORCH_INDEX_VARIABLE, IndexStrategy, only_from, strays
from ekiben.packager.lock.job import REQUIREMENTS, Resolution, ResolverJob
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage, parse_lock
from ekiben.packager.lock.pip_settings import PipSettings, as_url
from ekiben.packager.lock.pylock import format_pylock, parse_pylock
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_tags import best_wheel

# The user's variables that say how uv works (cache, network, credentials), not what it resolves.
_KEPT = (
    "UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES", "UV_KEYRING_PROVIDER",
    "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS", "UV_CREDENTIALS_DIR",
)  # fmt: skip
# Said where the image's Python is not installed here, which matters to no lock that is made of wheels.
_NOISE = "The requested Python version"
_PYLOCK = "pylock.toml"
_PYPROJECT = "pyproject.toml"
_PINS = "pins.txt"
# pip's rule: the best version of any index; or uv's own, which lets no later index answer for a name of an earlier one.
_STRATEGIES = {"best-match": "unsafe-best-match", "first-index": "first-index"}
_NOT_FOUND = "was not found in the package registry"
_TELLING: IndexStrategy = "first-index"  # with the other uv does not say that an index has refused to answer
_HASHED = "requirements.lock"
# The minor versions of glibc that `--python-platform` knows, newest first. Another is asked for as the next lower.
_GLIBC_MINORS = (*range(40, 30, -1), 28, 17)


def tool_version() -> str:
    """The version of uv that locks."""
    return version("uv")


def compile_with_uv(job: ResolverJob) -> Resolution:
    """What uv resolves. Raises LockError with its explanation where there is no lock."""
    output = job.folder / _PYLOCK
    if job.preferred:
        output.write_text(format_pylock(job.preferred, job.target), encoding="utf-8")
    packages, said = _resolved(job, (job.folder / REQUIREMENTS).read_text(encoding="utf-8").splitlines())
    if any(_is_unhashed(package) for package in packages):
        packages = _hashed_by_download(packages, job)
    return Resolution(packages, tuple(one for one in warnings_of(said) if not one.startswith(_NOISE)))


def _resolved(job: ResolverJob, requirements: list[str]) -> tuple[tuple[LockedPackage, ...], str]:
    """The packages, and what uv said. uv keeps to its index only what is asked for directly, so what others need of an
    index's own packages is asked for as well, and left out again where in the end nobody needs it."""
    if not job.rules.own_indexes:
        return _compiled(job, REQUIREMENTS)
    packages: tuple[LockedPackage, ...] = ()
    said, asked, further = "", list[str](), requirements
    while further:
        asked += further
        (job.folder / _PYPROJECT).write_text(only_from(asked, job.rules.own_indexes), encoding="utf-8")
        try:
            packages, said = _compiled(job, _PYPROJECT)
            further = strays((package.name for package in packages), asked, job.rules.own_indexes)
        except LockError as error:  # no other index may have a package that one has for itself
            further = strays(re.findall(r"[a-z0-9-]+", error.message), asked, job.rules.own_indexes)
            if not further:
                raise
    if asked == requirements:
        return packages, said
    (job.folder / _PINS).write_text("".join(f"{one.name}=={one.version}\n" for one in packages), encoding="utf-8")
    needed, _ = _compiled(replace(job, settings=job.pip_settings), REQUIREMENTS, "-c", _PINS)
    names = {package.name for package in needed}
    return tuple(package for package in packages if package.name in names), said


def _compiled(job: ResolverJob, asked: str, *further: str) -> tuple[tuple[LockedPackage, ...], str]:
    said = _run(job, asked, [*further, "--format", _PYLOCK, "--output-file", _PYLOCK])
    return parse_pylock((job.folder / _PYLOCK).read_text(encoding="utf-8"), job.folder), said


def uv_environment(settings: PipSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` for uv, with pip's settings in uv's words."""
    kept = {name: value for name, value in environ.items() if not name.startswith("UV_") or name in _KEPT}
    kept |= login_variables(environ)
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


def uv_platform(target: Target) -> str:
    """The platform as `uv --python-platform` spells it."""
    if target.is_musl:
        return f"{target.machine}-unknown-linux-musl"
    _, minor = target.libc_version
    known = next((one for one in _GLIBC_MINORS if one <= minor), _GLIBC_MINORS[-1])
    return f"{target.machine}-manylinux_2_{known}"


def _certificates(settings: PipSettings) -> dict[str, str]:
    if settings.cert:
        return {"SSL_CERT_DIR" if settings.cert.is_dir() else "SSL_CERT_FILE": str(settings.cert)}
    return {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}  # as pip: the system's store (new and old spelling)


def _run(job: ResolverJob, asked: str, options: list[str]) -> str:
    done = _ended(job, asked, options)
    said = redact_known(done.said, job.secrets)
    if done.status != 0:
        if _NOT_FOUND in said and job.rules.strategy != _TELLING:
            telling = replace(job, rules=replace(job.rules, strategy=_TELLING))
            said += redact_known("".join(refusals_in(_ended(telling, asked, options).said)), job.secrets)
        words = explain_uv(said).replace(f"{ASKING} depends on", "you require")
        raise LockError(f"cannot lock for {job.target}: {words}", hint=_hint(said, job))
    return said


def _hint(said: str, job: ResolverJob) -> str | None:
    hint = hint_for(said)
    if hint and job.rules.torch and "Failed to fetch" in said:
        return f"{hint}; {TORCH_INDEX_VARIABLE} names a mirror of PyTorch's"
    return hint


def _ended(job: ResolverJob, asked: str, options: list[str]) -> Finished:
    environ = uv_environment(job.settings, job.environ)
    return run_child([*_command(job, asked), *options], cwd=job.folder, environ=environ, timeout_s=job.timeout_s)


def _command(job: ResolverJob, asked: str) -> list[str]:
    target = job.target
    return [
        *(uv_binary(), "pip", "compile", asked, *job.constraint_arguments),
        *("--python-version", target.python, "--python-platform", uv_platform(target), "--python", sys.executable),
        *("--generate-hashes", "--no-header", "--no-annotate", "--no-config", "--color", "never"),
        *("--index-strategy", _STRATEGIES[job.rules.strategy]),
        *(["--no-index"] if job.settings.no_index else []),
        *(["--exclude-newer", job.exclude_newer] if job.exclude_newer else []),
        *(["--prerelease", "allow"] if job.rules.allow_prereleases else []),
        *(word for one in job.rules.only_binary for word in ("--only-binary", one)),
        *(["--torch-backend", job.rules.torch] if job.rules.torch else []),
    ]


def _is_unhashed(package: LockedPackage) -> bool:
    """Whether the index tells no hash of any file of the package; a file on this machine tells its own."""
    return not any(file.sha256 or (file.url or "").startswith("file:") for file in package.files)


def _hashed_by_download(packages: tuple[LockedPackage, ...], job: ResolverJob) -> tuple[LockedPackage, ...]:
    """The same packages where an index tells no hashes: uv downloads and hashes the file that it would install, which
    is the first that fits (it says one hash for it, and no name)."""
    _run(job, _PYPROJECT if job.rules.own_indexes else REQUIREMENTS, ["--output-file", _HASHED])
    hashes = {one.name: one.hashes for one in parse_lock((job.folder / _HASHED).read_text(encoding="utf-8"))}
    return tuple(
        replace(package, files=_chosen_file(package, hashes.get(package.name, ()), job.target))
        if _is_unhashed(package)
        else package
        for package in packages
    )


def _chosen_file(package: LockedPackage, hashes: tuple[str, ...], target: Target) -> tuple[LockedFile, ...]:
    sdists = [file for file in package.files if not file.is_wheel]
    chosen = best_wheel(package.files, target) or next(iter(sdists), None)
    if chosen is None or len(hashes) != 1:
        return tuple(LockedFile("", one) for one in hashes)
    return (replace(chosen, sha256=hashes[0]),)


def uv_binary() -> str:
    """The path of uv itself. Raises LockError where there is none."""
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise LockError("uv is not there", hint="`pip install uv`, or write `lock_tool: pip-tools`") from error
