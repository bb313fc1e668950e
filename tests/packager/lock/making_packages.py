"""Packages to build wheels of, with a backend of their own that needs no index; and repositories that hold them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

# A build backend (PEP 517) in one file. The wheel is as careless as they get: it says when, where and by whom it was
# built in the order, times and modes of its members, and has what the environment says in a module.
BACKEND = """
import os, pathlib, random, time, zipfile

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    count = pathlib.Path(os.environ["BUILD_COUNT"]) if "BUILD_COUNT" in os.environ else None
    if count:
        count.write_text(count.read_text() + "x" if count.exists() else "x")
    here = pathlib.Path(".")
    name = "{name}-{version}-{tag}.whl"
    info = "{name}-{version}.dist-info"
    seen = {{key: os.environ.get(key) for key in ("SOURCE_DATE_EPOCH", "PYTHONHASHSEED", "TZ", "LC_ALL")}}
    members = {{path.as_posix(): path.read_bytes() for path in here.rglob("*") if path.suffix in (".py", ".txt")}}
    members.pop("backend.py", None)
    members["{name}/built_with.py"] = repr(sorted(seen.items())).encode()
    members[info + "/METADATA"] = b"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n{requires}"
    wheel = f"Wheel-Version: 1.0\\nGenerator: clock {{time.time()}}\\nRoot-Is-Purelib: true\\nTag: {tag}\\n"
    members[info + "/WHEEL"] = wheel.encode()
    members[info + "/RECORD"] = b""
    order = list(members)
    random.shuffle(order)
    with zipfile.ZipFile(pathlib.Path(wheel_directory, name), "w", random.choice([0, 8])) as archive:
        for one in order:
            archive.writestr(zipfile.ZipInfo(one, time.localtime()[:6]), members[one])
    return name

build_editable = build_wheel
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def write_package(
    folder: Path, name: str = "my_lib", version: str = "1.0", *, requires: str = "", tag: str = "py3-none-any"
) -> Path:
    """A package in `folder`, which need not be there; `requires` is one requirement."""
    (folder / name).mkdir(parents=True)
    line = f"Requires-Dist: {requires}\\n" if requires else ""
    (folder / "backend.py").write_text(BACKEND.format(name=name, version=version, tag=tag, requires=line))
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / name / "__init__.py").write_text("value = 1\n")
    return folder


def git(folder: Path, *arguments: str, environ: Mapping[str, str] = os.environ) -> str:
    """What git prints, in `folder`."""
    identity = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@index.example"}
    committer = {"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@index.example", "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**environ, **identity, **committer}, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


ADDRESS = "https://git.example/team/my_lib.git"


def addressed(repository: Path) -> dict[str, str]:
    """The variables with which git finds `repository` at ADDRESS."""
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }


def write_repository(folder: Path) -> Path:
    """A repository with the package `my_lib`, tagged `v1`, in `folder`."""
    write_package(folder)
    git(folder, "init", "--quiet")
    commit_all(folder, "first")
    git(folder, "tag", "-a", "v1", "-m", "one")
    return folder


def commit_all(folder: Path, message: str) -> str:
    """Commits everything in `folder`; the full commit."""
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")
