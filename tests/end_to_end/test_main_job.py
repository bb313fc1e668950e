"""The main job as a new user does it: train, build, inspect, serve, make an image, run it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.machine import Machine, post

FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
SPECIES = ["setosa", "virginica"]


@pytest.fixture
def iris(machine: Machine) -> Path:
    """The iris project with its model saved."""
    project = machine.copy_example("iris")
    machine.run("python", "train.py", cwd=project)
    return project


def test_a_project_becomes_a_bento_that_serves(machine: Machine, iris: Path) -> None:
    tag = machine.out("ekiben", "build", "-o", "tag", str(iris))
    listed = json.loads(machine.out("ekiben", "list", "-o", "json"))
    assert [one["tag"] for one in listed] == [tag]
    path = Path(machine.out("ekiben", "get", tag, "-o", "path"))
    machine.run("sha256sum", "--check", "--quiet", "SHA256SUMS", cwd=path)
    with machine.serve(tag) as url:
        assert post(f"{url}/classify", flowers=FLOWERS) == SPECIES


def test_a_project_folder_serves_while_it_is_edited(machine: Machine, iris: Path) -> None:
    with machine.serve(cwd=iris) as url:
        assert post(f"{url}/classify", flowers=FLOWERS) == SPECIES


def test_several_workers_serve(machine: Machine, iris: Path) -> None:
    with machine.serve("--workers", "2", cwd=iris) as url:
        assert post(f"{url}/classify", flowers=FLOWERS) == SPECIES


def test_the_same_project_elsewhere_is_the_same_bento(machine: Machine, iris: Path) -> None:
    first = machine.out("ekiben", "build", "-o", "path", str(iris))
    elsewhere = machine.folder / "another place" / "Projekt Ä"
    shutil.copytree(iris, elsewhere)
    for path in [*elsewhere.rglob("*")]:
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)
    command = f"umask 077; ekiben build -o path '{elsewhere}'"
    assert machine.out("env", "LC_ALL=C", "TZ=Asia/Tokyo", "PYTHONHASHSEED=7", "sh", "-c", command) == first


def test_latest_is_the_bento_built_last(machine: Machine, iris: Path) -> None:
    source = (iris / "service.py").read_text()
    before = machine.out("ekiben", "build", "-o", "tag", str(iris))
    (iris / "service.py").write_text(source + "# edited\n")
    after = machine.out("ekiben", "build", "-o", "tag", str(iris))
    (iris / "service.py").write_text(source)
    reverted = machine.out("ekiben", "build", "-o", "tag", str(iris))
    assert before == reverted != after
    assert json.loads(machine.out("ekiben", "get", "iris", "-o", "json"))["tag"] == before


def test_a_bento_keeps_its_model_when_the_store_moves_on(machine: Machine, iris: Path) -> None:
    tag = machine.out("ekiben", "build", "-o", "tag", str(iris))
    worse = "from sklearn.dummy import DummyClassifier\nimport ekiben\n"
    worse += "ekiben.sklearn.save_model('iris', DummyClassifier().fit([[0, 0, 0, 0]], [1]))\n"
    machine.run("python", "-c", worse)
    with machine.serve(tag) as url:
        assert post(f"{url}/classify", flowers=FLOWERS) == SPECIES


@pytest.fixture(params=["docker", "native"])
def image(request: pytest.FixtureRequest, machine: Machine, iris: Path, base_image: str) -> Iterator[str]:
    """The iris image, removed at the end."""
    machine.run("ekiben", "build", str(iris))
    reference = f"ekiben-test/iris-{request.param}:{os.getpid()}"
    options = ["--opt", "network=host"] if request.param == "docker" else []
    machine.run(
        *("ekiben", "containerize", "iris", "--image-tag", reference, "--base", base_image),
        *("--engine", request.param, "--progress", "plain", *options),
    )
    yield reference
    machine.run("docker", "image", "rm", "--force", reference, check=False)


@pytest.mark.docker
def test_the_image_answers_whoever_runs_it(machine: Machine, image: str) -> None:
    for options in ([], ["--user", "4242:0", "--read-only", "--tmpfs", "/tmp"]):
        with machine.container(image, *options) as container:
            assert post(f"{container.url}/classify", flowers=FLOWERS) == SPECIES
            user = machine.out("docker", "exec", container.name, "id", "-u")
            assert user == ("4242" if options else "1034")
