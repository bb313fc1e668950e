"""conda's environment.yml: what is taken over, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import BentofileError
from ekiben.packager.bentofile.conda_file import conda_python, read_conda_file
from tests.packager.bentofile.conftest import Complains, Loads

EXPORTED = """\
name: iris
channels: [conda-forge, nodefaults]
dependencies:
  - python=3.12
  - conda-forge::libgdal=3.8
  - lightgbm >=4,<5
  - pip:
      - six==1.17.0
prefix: /home/somebody/miniconda3/envs/iris
"""


def test_an_exported_environment_is_read_without_its_place(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(EXPORTED)
    conda = read_conda_file(tmp_path / "environment.yml")
    assert conda.channels == ("conda-forge", "nodefaults")
    assert conda.dependencies == ("python=3.12", "conda-forge::libgdal=3.8", "lightgbm >=4,<5")
    assert conda.pip == ("six==1.17.0",)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- a\n", ":1:1: an environment is a mapping"),
        ("variables: {A: b}\n", ":1:1: `variables` is not acted on"),
        ("chanels: [a]\n", ":1:1: `chanels` is not acted on"),
        ("dependencies: libgdal\n", ":1:15: `dependencies` is no list"),
        ("dependencies: [1]\n", r":1:16: `dependencies\[0\]` is no text"),
        ("dependencies: ['a; rm -rf /']\n", r":1:16: `dependencies\[0\]` `a; rm -rf /` is no package of conda"),
        ('dependencies: ["a\\nb"]\n', r":1:16: `dependencies\[0\]` `a\?b` is no package of conda"),
        ("dependencies: [a, conda: [x]]\n", r"`dependencies\[1\]` is no package"),
        ("dependencies: [pip: six]\n", r"`dependencies\[0\]\.pip` is no list"),
        ("dependencies: [pip: ['-r a.txt']]\n", "holds the option `-r`"),
        ("channels: ['https://u:p@host.example/c']\n", "holds credentials"),
    ],
)
def test_what_it_may_not_hold_is_told_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "environment.yml").write_text(text)
    with pytest.raises(BentofileError, match=complaint):
        read_conda_file(tmp_path / "environment.yml")


@pytest.mark.parametrize(
    ("package", "version"),
    [
        ("python=3.12", "3.12"),
        ("python==3.12.4", "3.12.4"),
        ("python 3.12.*", "3.12"),
        ("conda-forge::python=3.12", "3.12"),
        ("python=3.12=h1a_0", "3.12"),
        ("python>=3.11", None),
        ("python", None),
        ("python3.12", None),
        ("python-dateutil=3.12", None),
    ],
)
def test_the_python_that_conda_installs_is_known(package: str, version: str | None) -> None:
    assert conda_python(["libgdal", package]) == version


def test_the_bentofile_names_the_packages_or_a_file(project: Path, loads: Loads) -> None:
    (project / "environment.yml").write_text(EXPORTED)
    conda = loads("conda: {environment_yml: environment.yml}\n").conda
    assert conda.dependencies[0] == "python=3.12"
    named = loads("conda: {dependencies: libgdal, pip: [six]}\n")
    assert (named.conda.channels, named.conda.dependencies) == (("conda-forge",), ("libgdal",))
    assert named.docker.python_version is None
    assert loads("conda: {environment_yml: environment.yml}\n").docker.python_version == "3.12"


def test_conda_that_installs_nothing_or_two_pythons_is_refused(project: Path, complains: Complains) -> None:
    (project / "environment.yml").write_text(EXPORTED)
    assert "names no package of conda's" in complains("conda: {pip: [six]}\n")
    both = "conda: {environment_yml: environment.yml, pip: [six]}\n"
    assert complains(both).startswith("bentofile.yaml:1:43: `conda.environment_yml` and `conda.pip` both say")
    two = "docker: {python_version: '3.11'}\nconda: {dependencies: [python=3.12]}\n"
    assert complains(two).startswith("bentofile.yaml:2:1: `conda` asks for Python 3.12, and `docker.python_version`")
    assert "the server needs 3.11 or later" in complains("conda: {dependencies: [python=3.9]}\n")


@pytest.mark.parametrize("path", ["../environment.yml", "/etc/hostname", "link.yml"])
def test_an_environment_outside_of_the_project_is_refused(project: Path, complains: Complains, path: str) -> None:
    (project.parent / "environment.yml").write_text(EXPORTED)  # CVE-2026-24123
    (project / "link.yml").symlink_to(project.parent / "environment.yml")
    assert "lies outside the project" in complains(f"conda: {{environment_yml: {path}}}\n")
    (project / "inside.yml").touch()
    assert "lies outside the project" in complains(f"docker: {{dockerfile_template: {path}}}\n")
