"""A project's folder to write a bentofile into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.errors import BuildError
from ekiben.packager.bentofile.bentofile import Bentofile
from ekiben.packager.bentofile.loading import load_bentofile

Loads = Callable[..., Bentofile]
Complains = Callable[..., str]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def loads(project: Path) -> Loads:
    """Writes the text as the project's bentofile and loads it."""

    def load(text: str, name: str = "bentofile.yaml") -> Bentofile:
        (project / name).write_text(text, encoding="utf-8")
        return load_bentofile(project)

    return load


@pytest.fixture
def complains(project: Path, loads: Loads) -> Complains:
    """The error that a bentofile of this text gives, without the project's path: `place: message | hint`."""

    def complain(text: str, name: str = "bentofile.yaml") -> str:
        with pytest.raises(BuildError) as caught:
            loads(text, name)
        message = caught.value.message.removeprefix(f"{project}/")
        return f"{message} | {caught.value.hint}" if caught.value.hint else message

    return complain
