"""Which `docker` on PATH can build, and the command line of a build."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import EngineUnavailable
from ekiben.packager.image.engines.docker_cli import (
    DockerCli,
    build_arguments,
    build_environment,
    find_buildx,
    find_docker_cli,
    why_no_buildkit,
)
from ekiben.packager.image.engines.engine import BuildJob, Secret

CLI = DockerCli(Path("/usr/bin/docker"), "Docker version 20.10.24", needs_load=False)
JOB = BuildJob(
    context=Path("/store/tmp/1/iris"),
    containerfile=Path("/store/tmp/1/iris/Containerfile"),
    references=("iris:1", "example.org/iris:1"),
    platform="linux/amd64",
    labels={"b": "2", "a": "1"},
    secrets=(Secret("ekiben-ca", Path("/etc/ca.pem")), Secret("ekiben-netrc", Path("/home/a, b/.netrc"))),
    options=(("network", "host"), ("pull", None)),
    use_cache=False,
)


def script(folder: Path, name: str, text: str) -> Path:
    """An executable shell script."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("version", "has_buildx", "reason"),
    [
        ("Docker version 20.10.24+dfsg1, build 297e128", False, None),
        ("Docker version 18.09.1, build 4c52b90", False, None),
        ("Docker version 28.2.2, build e6534b4", True, None),
        ("Docker version 28.2.2, build e6534b4", False, "has no buildx plugin"),
        ("Docker version 18.06.1-ce, build e68fc7a", False, "BuildKit came with 18.09"),
        ("podman version 4.3.1", False, "is no Docker: podman version 4.3.1"),
        (None, False, "does not run"),
    ],
)
def test_which_commands_can_do_buildkit(version: str | None, has_buildx: bool, reason: str | None) -> None:
    found = why_no_buildkit(version, has_buildx=has_buildx)
    assert found is None if reason is None else reason in (found or "")


def test_the_first_command_on_path_that_can_is_taken(tmp_path: Path) -> None:
    script(tmp_path / "new", "docker", '[ "$1" = --version ] && echo "Docker version 28.2.2, build 1" || exit 1')
    old = script(
        tmp_path / "old", "docker", '[ "$1" = --version ] && echo "Docker version 20.10.24, build 1" || exit 1'
    )
    found = find_docker_cli({"PATH": f"/nowhere:{tmp_path}/new:{tmp_path}/old:/bin"})
    assert (found.path, found.needs_load) == (old, False)


def test_where_none_can_each_is_named_with_its_reason(tmp_path: Path) -> None:
    script(tmp_path / "new", "docker", '[ "$1" = --version ] && echo "Docker version 28.2.2, build 1" || exit 1')
    script(tmp_path / "broken", "docker", "exit 1")
    with pytest.raises(EngineUnavailable) as caught:
        find_docker_cli({"PATH": f"{tmp_path}/new:{tmp_path}/broken"})
    assert "new/docker` is of version 28 and has no buildx plugin" in caught.value.message
    assert "broken/docker` does not run" in caught.value.message
    assert "docker-buildx" in (caught.value.hint or "")


def test_without_a_command_the_remedy_is_to_install_one(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no `docker` command on PATH"):
        find_docker_cli({"PATH": str(tmp_path)})


def test_the_command_line_of_a_build() -> None:
    assert build_arguments(CLI, JOB, Path("/tmp/iid")) == [
        *("/usr/bin/docker", "build", "--progress=plain", "--file=iris/Containerfile", "--iidfile=/tmp/iid"),
        *("--tag=iris:1", "--tag=example.org/iris:1", "--platform=linux/amd64", "--label=a=1", "--label=b=2"),
        *("--secret", "id=ekiben-ca,src=/etc/ca.pem", "--secret", 'id=ekiben-netrc,"src=/home/a, b/.netrc"'),
        *("--no-cache", "--network=host", "--pull", "iris"),
    ]


def test_a_build_through_buildx_hands_the_image_over() -> None:
    cli = DockerCli(Path("/usr/bin/docker"), "Docker version 28.2.2", needs_load=True)
    assert "--load" in build_arguments(cli, JOB, Path("/tmp/iid"))


def test_buildkit_is_on_whatever_the_environment_says() -> None:
    assert build_environment({"DOCKER_BUILDKIT": "0", "PATH": "/bin"})["DOCKER_BUILDKIT"] == "1"


def test_buildx_is_found_as_a_plugin_before_it_is_by_itself(tmp_path: Path) -> None:
    alone = script(tmp_path / "alone", "buildx", 'echo "github.com/docker/buildx v0.12.0 1"')
    without = script(tmp_path / "without", "docker", "exit 1")
    path = f"{without.parent}:{alone.parent}"
    assert find_buildx({"PATH": path}).words == ("build",)
    plugin = script(tmp_path / "plugin", "docker", '[ "$1" = buildx ] && echo "github.com/docker/buildx v0.12.0 1"')
    found = find_buildx({"PATH": f"{path}:{plugin.parent}"})
    assert (found.path, found.words, found.needs_load) == (plugin, ("buildx", "build"), True)
    assert build_arguments(found, JOB, Path("/tmp/iid"))[:3] == [str(plugin), "buildx", "build"]


def test_without_buildx_the_remedy_is_to_install_it_or_to_take_another_engine(tmp_path: Path) -> None:
    script(tmp_path, "docker", "exit 1")
    with pytest.raises(EngineUnavailable, match="no buildx is on PATH") as caught:
        find_buildx({"PATH": str(tmp_path)})
    assert "docker-buildx" in (caught.value.hint or "")
