"""Locks of other tools that lie in a project, as lines of requirements: their pins, hashes and markers are taken over.

    uv.lock         `uv_lock`
    pylock.toml     `foreign_pylock`: PEP 751, and `pylock.<name>.toml`

The lines are the same for every target; which of them hold for one is for its resolver to say, as for any requirement.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.lock.foreign_pylock import Chosen, pylock_lines
from ekiben.packager.lock.uv_lock import UV_LOCK, check_current, exported_lines

_PYLOCK = re.compile(r"pylock(?:\.[^.]+)?\.toml")  # PEP 751, File Name


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
    folder = Path(os.path.relpath((project / path).parent, project))
    if Path(path).name != UV_LOCK:
        return tuple(pylock_lines(_toml(project / path, path), chosen, folder, path))
    check_current(_toml(project / path, path), _toml(project / folder / "pyproject.toml", "pyproject.toml"), path)
    return tuple(_in_project(line, folder) for line in exported_lines(project / folder, chosen, environ, path))


def _in_project(line: str, folder: Path) -> str:
    """`line` of a lock in `folder`; a path in it, which is relative to that, is told from the project's folder."""
    if not line.startswith((".", "-e ")):
        return line
    where, *tail = re.split(r"(?=\s+;|\s+--)", line.removeprefix("-e "), maxsplit=1)
    return f"./{Path(os.path.normpath(folder / where)).as_posix()}{''.join(tail)}"


def _toml(path: Path, shown: str) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise LockError(f"`{shown}` cannot be read: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LockError(f"`{shown}` is no TOML: {error}") from error
