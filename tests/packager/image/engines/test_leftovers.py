"""Whose working containers are of no more use. What real builds leave is in test_stopping_podman."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ekiben.packager.image.engines.leftovers import is_leftover, remove_leftovers
from ekiben.packager.image.engines.podman_cli import Podman
from tests.packager.image.engines.test_docker_cli import script


def container(storage: Path, name: str, content: object) -> None:
    """A container of the storage with this configuration."""
    folder = storage / name / "userdata"
    folder.mkdir(parents=True)
    (folder / "buildah.json").write_text(json.dumps(content))


def given(*secrets: str) -> object:
    """The configuration of a container with these secrets."""
    return {"CommonBuildOpts": {"Secrets": [f"id={one}" for one in secrets]}}


def test_a_builds_own_and_those_of_killed_builds_beside_it_are_leftovers(tmp_path: Path) -> None:
    ended, running = tmp_path / "a/content", tmp_path / "b/content"
    running.mkdir(parents=True)
    assert is_leftover(ended, ended)
    assert is_leftover(tmp_path / "c/content", ended)
    assert not is_leftover(running, ended)
    assert not is_leftover(Path("/elsewhere/c/content"), ended)


@pytest.mark.parametrize(("name", "command"), [("podman", "rm --force"), ("buildah", "rm")])
def test_these_alone_are_removed(tmp_path: Path, name: str, command: str) -> None:
    storage, ended = tmp_path / "overlay-containers", tmp_path / "a/content"
    container(storage, "ours", given("ekiben-ca,src=/etc/ca.pem", f"ekiben-pip-conf,src={ended}/pip.conf"))
    container(storage, "killed", given(f"ekiben-pip-conf,src={tmp_path}/c/content/pip.conf"))
    container(storage, "elsewhere", given("ekiben-pip-conf,src=/elsewhere/c/content/pip.conf"))
    container(storage, "by-hand", given("ekiben-pip-conf,src=pip.conf"))
    container(storage, "by-root", given("ekiben-pip-conf,src=/pip.conf"))
    container(storage, "foreign", given("token,src=/etc/token"))
    container(storage, "bare", {"CommonBuildOpts": {"Secrets": None}})
    container(storage, "newer", ["another format"])
    path = script(tmp_path, name, f'echo "$@" >> {tmp_path}/asked')
    remove_leftovers(Podman(name, path, "9", is_rootless=False, containers=storage), ended, {"PATH": "/bin"})  # type: ignore[arg-type]
    assert (tmp_path / "asked").read_text() == f"{command} killed ours\n"


def test_where_nothing_is_left_nothing_is_asked(tmp_path: Path) -> None:
    path = script(tmp_path, "podman", f"touch {tmp_path}/asked")
    program = Podman("podman", path, "9", is_rootless=False, containers=tmp_path / "none")
    remove_leftovers(program, tmp_path / "a/content", {"PATH": "/bin"})
    assert not (tmp_path / "asked").exists()
