"""`ekiben init`: a small project that trains, serves and builds as it is. Files are written, never overwritten."""

from __future__ import annotations

import os
from pathlib import Path

from ekiben.errors import UsageError
from ekiben.templates.loader import render, template_names

_TEMPLATES = "project"
_VALUES = {"service": "Iris", "model": "iris"}


def create_project(folder: Path) -> tuple[Path, ...]:
    """Writes the project into `folder`, making it where it is not there, and gives the files written.

    Raises UsageError where one of them exists, having written nothing, and where the folder cannot be written.
    """
    names = [name.removeprefix(f"{_TEMPLATES}/") for name in template_names(_TEMPLATES)]
    taken = [name for name in names if os.path.lexists(folder / name)]
    if taken:
        raise UsageError(
            f"`{folder}` has {', '.join(f'`{name}`' for name in taken)} already",
            hint="name a folder that is empty or new",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return tuple(_write(folder / name, render(f"{_TEMPLATES}/{name}", **_VALUES)) for name in names)
    except OSError as error:
        raise UsageError(f"`{folder}` cannot be written: {error.strerror}") from error


def _write(path: Path, text: str) -> Path:
    with path.open("x", encoding="utf-8") as stream:  # x: a file that appeared meanwhile is not overwritten either
        stream.write(text)
    return path
