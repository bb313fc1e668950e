"""Which `podman` and `buildah` can build, the command line of a build, and what they say of an image."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.errors import EngineFailed, EngineUnavailable, ImageError
from ekiben.packager.image.engines.engine import ImageLayer, Secret
from ekiben.packager.image.engines.podman_cli import Podman, ProgramName, build_arguments, find_podman, image_layers
from tests.packager.image.engines.test_docker_cli import JOB, script

PLAIN = replace(JOB, secrets=(Secret("ekiben-ca", Path("/etc/ca.pem")),))
PODMAN_HISTORY = [
    {"CreatedBy": "COPY x", "size": 7},
    {"CreatedBy": "USER 1", "size": 0},
    {"size": 9},
]
BUILDAH_IMAGE = {
    "Manifest": json.dumps({"layers": [{"size": 9}, {"size": 7}]}),
    "OCIv1": {"history": [{}, {"created_by": "USER 1", "empty_layer": True}, {"created_by": "COPY x"}]},
}


def program(folder: Path, name: ProgramName, *, version: str, info: object = None, told: object = None) -> Podman:
    """A program that says these things."""
    (folder / "info").write_text(json.dumps(info))
    (folder / "told").write_text(json.dumps(told))
    answers = f"info) cat {folder}/info;; *) cat {folder}/told;;"
    words = f'case "$1" in --version) echo "{name} version {version}";; {answers} esac'
    return Podman(name, script(folder, name, words), version, is_rootless=False, containers=folder)


@pytest.mark.parametrize(
    ("name", "version", "info"),
    [
        (
            "podman",
            "4.3.1",
            {"host": {"security": {"rootless": True}}, "store": {"graphRoot": "/srv", "graphDriverName": "overlay"}},
        ),
        (
            "buildah",
            "1.28.2",
            {"host": {"rootless": True}, "store": {"GraphRoot": "/srv", "GraphDriverName": "overlay"}},
        ),
    ],
)
def test_a_program_that_works_is_found_with_its_version(
    tmp_path: Path, name: ProgramName, version: str, info: object
) -> None:
    made = program(tmp_path, name, version=version, info=info)
    found = find_podman(name, {"PATH": f"{tmp_path}:/bin"})
    assert str(found) == f"{name} {version}, rootless ({made.path})"
    assert found.containers == Path("/srv/overlay-containers")


def test_a_program_of_an_older_version_is_refused(tmp_path: Path) -> None:
    program(tmp_path, "podman", version="3.4.4")
    with pytest.raises(EngineUnavailable, match=r"is of version 3\.4") as caught:
        find_podman("podman", {"PATH": f"{tmp_path}:/bin"})
    assert caught.value.hint == "podman 4.0 or later builds"


def test_a_program_that_cannot_use_its_storage_is_refused_with_a_remedy(tmp_path: Path) -> None:
    program(tmp_path, "buildah", version="1.28.2")
    with pytest.raises(EngineUnavailable, match="it cannot use its storage") as caught:
        find_podman("buildah", {"PATH": f"{tmp_path}:/bin"})
    assert "/etc/subuid" in (caught.value.hint or "")


def test_without_the_program_the_remedy_is_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="there is no `podman` command on PATH"):
        find_podman("podman", {"PATH": str(tmp_path)})


def test_the_command_line_of_a_build() -> None:
    podman = Podman("podman", Path("/usr/bin/podman"), "4.3.1", is_rootless=True, containers=Path("/none"))
    assert build_arguments(podman, PLAIN, Path("/tmp/iid")) == [
        *("/usr/bin/podman", "build", "--format=docker", "--layers", "--force-rm"),
        *("--file=iris/Containerfile", "--iidfile=/tmp/iid"),
        *("--tag=iris:1", "--tag=example.org/iris:1", "--platform=linux/amd64", "--label=a=1", "--label=b=2"),
        *("--secret", "id=ekiben-ca,src=/etc/ca.pem", "--no-cache", "--network=host", "--pull", "iris"),
    ]


def test_a_secret_that_would_be_split_at_its_comma_is_refused() -> None:
    podman = Podman("podman", Path("/usr/bin/podman"), "4.3.1", is_rootless=True, containers=Path("/none"))
    with pytest.raises(ImageError, match="takes no secret whose path has a comma"):
        build_arguments(podman, JOB, Path("/tmp/iid"))


@pytest.mark.parametrize(("name", "told"), [("podman", PODMAN_HISTORY), ("buildah", BUILDAH_IMAGE)])
def test_layers_are_told_bottom_up_without_the_empty_ones(tmp_path: Path, name: ProgramName, told: object) -> None:
    made = program(tmp_path, name, version="9.9", told=told)
    assert image_layers(made, "sha256:0", {"PATH": "/bin"}) == (ImageLayer("", 9), ImageLayer("COPY x", 7))


@pytest.mark.parametrize("told", [None, 3, [{"size": "much"}], {"Manifest": "{}", "OCIv1": {}}])
@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_an_answer_that_is_none_is_a_failure(tmp_path: Path, name: ProgramName, told: object) -> None:
    made = program(tmp_path, name, version="9.9", told=told)
    with pytest.raises(EngineFailed, match="does not show it"):
        image_layers(made, "sha256:0", {"PATH": "/bin"})
