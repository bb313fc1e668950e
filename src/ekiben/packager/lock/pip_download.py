"""`download_wheels`: the wheels of locked packages by `pip download`, which holds them to the lock's hashes.

pip has indexes, logins and certificates of this machine and the bentofile. The only module that runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from ekiben.packager.lock.child import Finished, run_child
from ekiben.packager.lock.lockfile import LockedPackage, format_lock
from ekiben.packager.lock.pip_environment import pip_environment
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_tags import fits, platform_tags

_REQUIREMENTS = "download.txt"
_DOWNLOADS = "downloads"
# What a user's configuration may ask of an installation, and none takes place.
_PLAIN = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}


def download_wheels(
    packages: Iterable[LockedPackage],
    target: Target,
    settings: PipSettings,
    environ: Mapping[str, str],
    folder: Path,
    *,
    timeout_s: float,
    own: Path | None = None,
) -> tuple[Finished, list[Path]]:
    """How pip ended, and the wheels that it brought into `folder` and that run on `target`. `own` is one more folder
    of wheels. Raises LockError where it takes longer than `timeout_s`; OSError."""
    (folder / _REQUIREMENTS).write_text(format_lock(packages), encoding="utf-8")
    platforms = [word for tag in platform_tags(target) for word in ("--platform", tag)]
    done = run_child(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
            *("--only-binary", ":all:", "--python-version", target.python, "--implementation", "cp", *platforms),
            *(("--find-links", str(own)) if own else ()),
            *("--dest", _DOWNLOADS, "--requirement", _REQUIREMENTS),
        ],
        cwd=folder,
        environ={**pip_environment(settings, environ), **_PLAIN},
        timeout_s=timeout_s,
    )
    found = sorted((folder / _DOWNLOADS).iterdir()) if (folder / _DOWNLOADS).is_dir() else []
    return done, [path for path in found if fits(path.name, target)]
