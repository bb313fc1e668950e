"""Locks of other tools that lie in a project, as lines of requirements: their pins, hashes and markers are taken over.

    uv.lock         read by uv itself (`uv export --frozen`), which asks no index
    pylock.toml     PEP 751, and `pylock.<name>.toml`

The lines are the same for every target; which of them hold for one is for its resolver to say, as for any requirement.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ekiben.errors import LockError
from ekiben.packager.lock.child import run_child
from ekiben.packager.lock.explain import explain_uv
from ekiben.packager.lock.lines import logical_lines
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.uv_tool import uv_binary, uv_environment

UV_LOCK = "uv.lock"
_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")  # PEP 751, File Name
_EXPORT_TIMEOUT_S = 60.0  # it reads two files
_CHOICE = re.compile(
    r"""(?P<quote>['"])(?P<name>[^'"]+)(?P=quote)\s+(?P<not>not\s+)?in\s+(?P<set>extras|dependency_groups)"""
)
_ALWAYS, _NEVER = "python_version >= '0'", "python_version < '0'"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which of a project's optional dependencies are meant: `extras` of `[project.optional-dependencies]`, `groups` of
    `[dependency-groups]`."""

    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def is_project_lock(path: str) -> bool:
    """Whether a file is one of these locks, by its name."""
    name = Path(path).name
    return name == UV_LOCK or _PYLOCK.fullmatch(name) is not None


def project_lock_lines(
    project: Path, path: str, chosen: Chosen, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """The requirements that the lock at `path` (relative to `project`) pins. Paths in them are relative to the project.

    Raises LockError for a lock that cannot be read, or that no longer is what its pyproject.toml asks for.
    """
    place = project / path
    if place.name == UV_LOCK:
        _check_current(place, path)
        return tuple(_in_project(line, place.parent, project) for line in _exported(place, path, chosen, environ))
    return tuple(_pylock_lines(place, path, chosen, project))


def _exported(place: Path, shown: str, chosen: Chosen, environ: Mapping[str, str]) -> list[str]:
    options = [f"--extra={one}" for one in chosen.extras] + [f"--group={one}" for one in chosen.groups]
    with tempfile.TemporaryDirectory(prefix="ekiben-uv-lock-") as scratch:
        output = Path(scratch) / "requirements.txt"
        command = [
            *(uv_binary(), "export", "--frozen", "--format", "requirements-txt", "--output-file", str(output)),
            *("--project", str(place.parent), "--no-emit-project", "--no-default-groups", *options),
            *(
                "--no-header",
                "--no-annotate",
                "--no-editable",
                "--quiet",
                "--color",
                "never",
                "--python",
                sys.executable,
            ),
        ]
        environment = uv_environment(PipSettings(), environ)
        done = run_child(command, cwd=Path(scratch), environ=environment, timeout_s=_EXPORT_TIMEOUT_S)
        if done.status != 0:
            raise LockError(f"`{shown}` cannot be read: {explain_uv(done.said)}", hint="`uv lock` writes a new one")
        return [line for _, line in logical_lines(output.read_text(encoding="utf-8"))]


def _in_project(line: str, folder: Path, project: Path) -> str:
    """`line` of a lock in `folder`; a path in it, which is relative to that, is told from the project's folder."""
    if not line.startswith((".", "-e ")):
        return line
    where, *tail = re.split(r"(?=\s+;|\s+--)", line.removeprefix("-e "), maxsplit=1)
    return f"./{Path(os.path.relpath(folder / where, project)).as_posix()}{''.join(tail)}"


def _check_current(lock: Path, shown: str) -> None:
    """Compares what pyproject.toml asks for with what the lock says that it asked for then."""
    project = _toml(lock.with_name("pyproject.toml"), "pyproject.toml").get("project")
    if not isinstance(project, Mapping) or not isinstance(project.get("name"), str):
        return
    rows = _locked_rows(_toml(lock, shown), canonicalize_name(project["name"]))
    if rows is None:
        return
    placed = {str(row.get("name")) for row in rows if not row.keys() <= {"name", "specifier", "marker", "extras"}}
    locked = {(name := str(row.get("name")), "" if name in placed else _sorted(row.get("specifier"))) for row in rows}
    wanted = {_wish(text, placed) for text in project.get("dependencies", []) if isinstance(text, str)}
    if changed := sorted({name for name, _ in wanted ^ locked}):
        names = ", ".join(f"`{name}`" for name in changed)
        raise LockError(f"`{shown}` is older than what pyproject.toml says of {names}", hint="run `uv lock`")


def _locked_rows(lock: Mapping[str, object], name: str) -> list[Mapping[str, object]] | None:
    """What the project itself required when it was locked, a table each; None where the lock does not say."""
    packages = lock.get("package")
    for package in packages if isinstance(packages, list) else []:
        if package.get("name") == name and {"virtual", "editable"} & set(package.get("source", {})):
            rows: list[Mapping[str, object]] = package.get("metadata", {}).get("requires-dist", [])
            return [row for row in rows if "extra ==" not in str(row.get("marker", ""))]
    return None


def _wish(text: str, placed: Container[str]) -> tuple[str, str]:
    """Name and versions; of a package that comes from a place and no index, the name alone."""
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        raise LockError(f"pyproject.toml: `{text}` is no requirement") from error
    name = canonicalize_name(parsed.name)
    return name, "" if name in placed else _sorted(str(parsed.specifier))


def _sorted(specifier: object) -> str:
    return ",".join(sorted(part.strip() for part in str(specifier or "").split(",")))


def _pylock_lines(place: Path, shown: str, chosen: Chosen, project: Path) -> Iterator[str]:
    document = _toml(place, shown)
    if str(document.get("lock-version", "")).split(".")[0] != "1":
        raise LockError(f"`{shown}` is no pylock.toml of version 1")
    packages = document.get("packages")
    defaults = document.get("default-groups")
    groups = chosen.groups or tuple(defaults if isinstance(defaults, list) else ())
    for package in packages if isinstance(packages, list) else []:
        marker = _plain_marker(str(package.get("marker", "")), Chosen(chosen.extras, groups))
        try:
            yield _pylock_line(package, place.parent, project).format(marker=f" ; {marker}" if marker else "")
        except (KeyError, TypeError, AttributeError) as error:
            raise LockError(f"`{shown}` is no pylock.toml: a package has no {error}") from error


def _pylock_line(package: Mapping[str, object], folder: Path, project: Path) -> str:
    """One package as a line, its marker still to come."""
    name = str(package["name"])
    if isinstance(vcs := package.get("vcs"), Mapping):
        url = vcs.get("url") or (folder / str(vcs["path"])).absolute().as_uri()
        inner = f"#subdirectory={vcs['subdirectory']}" if vcs.get("subdirectory") else ""
        return f"{name} @ {vcs['type']}+{url}@{vcs['commit-id']}{inner}{{marker}}"
    for key in ("directory", "archive"):
        if isinstance(place := package.get(key), Mapping):
            if "path" not in place:
                return f"{name} @ {place['url']}{{marker}}"
            return f"{name} @ file:{Path(os.path.relpath(folder / str(place['path']), project)).as_posix()}{{marker}}"
    hashes = sorted(_pylock_hashes(package))
    return f"{name}=={package['version']}{{marker}} {' '.join(f'--hash={one}' for one in hashes)}"


def _pylock_hashes(package: Mapping[str, object]) -> Iterator[str]:
    wheels, sdist = package.get("wheels", []), package.get("sdist")
    for file in [*(wheels if isinstance(wheels, list) else []), *([sdist] if isinstance(sdist, Mapping) else [])]:
        yield f"sha256:{file['hashes']['sha256']}"


def _plain_marker(marker: str, chosen: Chosen) -> str:
    """`marker` without the words that only a lock file knows, `extras` and `dependency_groups`: they are answered
    here."""

    def answered(found: re.Match[str]) -> str:
        known: Iterable[str] = chosen.extras if found["set"] == "extras" else chosen.groups
        is_in = canonicalize_name(found["name"]) in {canonicalize_name(one) for one in known}
        return _ALWAYS if is_in != bool(found["not"]) else _NEVER

    return _CHOICE.sub(answered, marker)


def _toml(path: Path, shown: str) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"`{shown}` cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise LockError(f"`{shown}` is no TOML: {error}") from error
