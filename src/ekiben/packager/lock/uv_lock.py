"""A project's uv.lock as lines of requirements, written by uv itself: `uv export --frozen`, which asks no index.

Only whether the lock is that of its pyproject.toml is looked up in the file: uv would have to ask an index to say so.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Container, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, ValidationError

from ekiben.errors import LockError
from ekiben.packager.lock.child import run_child
from ekiben.packager.lock.explain import explain_uv
from ekiben.packager.lock.foreign_pylock import Chosen
from ekiben.packager.lock.lines import logical_lines
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.uv_tool import uv_binary, uv_environment

UV_LOCK = "uv.lock"
_REMEDY = "`uv lock` writes a new one"
_TIMEOUT_S = 60.0  # it reads two files


class _Table(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=lambda name: name.replace("_", "-"))


class _Wish(_Table):
    """One of `requires-dist`; where it comes from a place and no index, further keys say which."""

    model_config = ConfigDict(extra="allow")

    name: str
    specifier: str = ""
    marker: str = ""
    extras: list[str] = []


class _Metadata(_Table):
    requires_dist: list[_Wish] = []


class _Package(_Table):
    name: str
    source: dict[str, object] = {}
    metadata: _Metadata = _Metadata()


class _Lock(_Table):
    package: list[_Package] = []


class _Project(_Table):
    name: str | None = None
    dependencies: list[str] = []


class _Pyproject(_Table):
    project: _Project = _Project()


def exported_lines(folder: Path, chosen: Chosen, environ: Mapping[str, str], shown: str) -> list[str]:
    """The pins of the uv.lock in `folder`, with hashes and markers, without the project itself; paths are relative to
    `folder`. Raises LockError, with uv's words, for one that it cannot read."""
    options = [f"--extra={one}" for one in chosen.extras] + [f"--group={one}" for one in chosen.groups]
    with tempfile.TemporaryDirectory(prefix="ekiben-uv-lock-") as scratch:
        output = Path(scratch) / "requirements.txt"
        command = [
            *(uv_binary(), "export", "--frozen", "--project", str(folder), "--python", sys.executable),
            *("--format", "requirements-txt", "--output-file", str(output), "--no-header", "--no-annotate"),
            *("--no-emit-project", "--no-editable", "--no-default-groups", *options, "--quiet", "--color", "never"),
        ]
        environment = uv_environment(PipSettings(), environ)
        done = run_child(command, cwd=Path(scratch), environ=environment, timeout_s=_TIMEOUT_S)
        if done.status != 0:
            raise LockError(f"`{shown}` cannot be read: {explain_uv(done.said)}", hint=_REMEDY)
        return [line for _, line in logical_lines(output.read_text(encoding="utf-8"))]


def check_current(lock: Mapping[str, object], pyproject: Mapping[str, object], shown: str) -> None:
    """Compares what pyproject.toml asks for with what the lock says that it asked for then. Raises LockError."""
    try:
        project = _Pyproject.model_validate(pyproject).project
        packages = _Lock.model_validate(lock).package
    except ValidationError as error:
        raise LockError(f"`{shown}` is no lock of uv: {error.errors()[0]['msg'].lower()}", hint=_REMEDY) from error
    own = next((one for one in packages if _is_project(one, project)), None)
    if own is None:
        return
    wishes = [one for one in own.metadata.requires_dist if "extra ==" not in one.marker]
    placed = {one.name for one in wishes if one.model_extra}
    locked = {(one.name, "" if one.name in placed else _sorted(one.specifier)) for one in wishes}
    wanted = {_wish(text, placed) for text in project.dependencies}
    if changed := sorted({name for name, _ in wanted ^ locked}):
        names = ", ".join(f"`{name}`" for name in changed)
        raise LockError(f"`{shown}` is older than what pyproject.toml says of {names}", hint="run `uv lock`")


def _is_project(package: _Package, project: _Project) -> bool:
    is_local = not {"virtual", "editable"}.isdisjoint(package.source)
    return is_local and project.name is not None and package.name == canonicalize_name(project.name)


def _wish(text: str, placed: Container[str]) -> tuple[str, str]:
    """Name and versions; of a package that comes from a place and no index, the name alone."""
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        raise LockError(f"pyproject.toml: `{text}` is no requirement") from error
    name = canonicalize_name(parsed.name)
    return name, "" if name in placed else _sorted(str(parsed.specifier))


def _sorted(specifier: str) -> str:
    return ",".join(sorted(part.strip() for part in specifier.split(",")))
