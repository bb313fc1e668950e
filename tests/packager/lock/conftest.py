"""Fixtures of the lock's tests: a local index, and an environment that knows no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.packager.lock.local_index import LocalIndex, RecordingReporter, bare_environment


@pytest.fixture
def index(tmp_path: Path) -> LocalIndex:
    """An empty index."""
    return LocalIndex(tmp_path / "index")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment without any configuration of pip or uv."""
    home = tmp_path / "user"
    home.mkdir()
    return bare_environment(home)


@pytest.fixture
def reporter() -> RecordingReporter:
    """A reporter that remembers."""
    return RecordingReporter()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder
