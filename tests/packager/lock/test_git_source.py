"""Repositories are fetched by the real git, at one commit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.git_source import check_out
from tests.packager.lock.making_packages import commit_all, git, write_repository


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write_repository(tmp_path / "repository")


def test_a_branch_a_tag_and_a_commit_give_the_commit_that_they_name(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    (repository / "my_lib/more.py").touch()
    second = commit_all(repository, "second")
    asked = {None: second, "main": second, "v1": first, first: first, first[:10]: first}
    for number, (revision, commit) in enumerate(asked.items()):
        folder = tmp_path / str(number)
        assert check_out(repository.as_uri(), revision, folder, os.environ) == commit
        assert (folder / "my_lib/more.py").exists() == (commit == second)


def test_a_ref_that_no_clone_brings_is_fetched(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    (repository / "my_lib/more.py").touch()
    proposed = commit_all(repository, "proposed")
    git(repository, "update-ref", "refs/pull/7/head", proposed)
    git(repository, "reset", "--quiet", "--hard", first)
    assert check_out(repository.as_uri(), "refs/pull/7/head", tmp_path / "out", os.environ) == proposed


def test_tags_and_submodules_come_along(repository: Path, tmp_path: Path) -> None:
    inner = write_repository(tmp_path / "inner")
    git(repository, "submodule", "--quiet", "add", inner.as_uri(), "vendored")
    commit_all(repository, "with a submodule")
    allowed = {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "protocol.file.allow"}
    check_out(repository.as_uri(), None, tmp_path / "out", {**allowed, "GIT_CONFIG_VALUE_0": "always"})
    assert (tmp_path / "out/vendored/my_lib/__init__.py").exists()
    assert git(tmp_path / "out", "describe", "--tags").startswith("v1-1-g")


def test_no_hook_of_the_repository_or_the_user_is_run(repository: Path, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[core]\n\thooksPath = {hooks}\n")
    check_out(repository.as_uri(), None, tmp_path / "out", {**os.environ, "GIT_CONFIG_GLOBAL": str(config)})
    assert not (tmp_path / "ran").exists()


def test_what_is_not_there_is_told_with_gits_reason(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"`file://.*@nosuch` is not there: .*nosuch") as caught:
        check_out(repository.as_uri(), "nosuch", tmp_path / "out", os.environ)
    assert "revision" in (caught.value.hint or "")
    with pytest.raises(LockError, match=r"cannot clone .*: .*does not (appear|exist)"):
        check_out((tmp_path / "nowhere").as_uri(), None, tmp_path / "other", os.environ)


def test_a_machine_without_git_is_told_so(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(LockError, match="git is not there"):
        check_out(repository.as_uri(), None, tmp_path / "out", {"PATH": str(tmp_path)})
