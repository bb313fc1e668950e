"""What a receipt says of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ekiben.packager.git_state import GitState, git_state


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "project").mkdir()
    (tmp_path / "project/service.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_a_clean_project_has_the_revision(repository: Path) -> None:
    assert git_state(repository / "project") == GitState(git(repository, "rev-parse", "HEAD"), is_dirty=False)


def test_an_edit_or_a_new_file_makes_it_dirty(repository: Path) -> None:
    (repository / "elsewhere").touch()
    state = git_state(repository / "project")
    assert state is not None
    assert not state.is_dirty
    (repository / "project/new.py").touch()
    state = git_state(repository / "project")
    assert state is not None
    assert state.is_dirty


def test_outside_a_repository_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None


def test_before_the_first_commit_there_is_nothing_to_say(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert git_state(tmp_path) is None
