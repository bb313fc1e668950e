"""Every key that a bentofile may hold, from the project into the Bento: acted on, the same as a call in Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import ekiben
from ekiben.errors import BuildError, DescriptionError, ImageError, UsageError
from ekiben.packager.image.planning import bento_containerfile
from ekiben.report import SilentReporter
from ekiben.store.local import Store
from tests.packager.conftest import BENTOFILE, Build, Recorder
from tests.packager.small_bento import make_wheel

WITH_ARGUMENTS = """\
import ekiben
from pydantic import BaseModel


class Arguments(BaseModel):
    name: str
    gpus: int = 1


ARGUMENTS = ekiben.use_arguments(Arguments)


@ekiben.service(name=ARGUMENTS.name, workers=ARGUMENTS.gpus)
class Served:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""
WITH_ENVIRONMENT = """\
import os
import ekiben


@ekiben.service(workers=int(os.environ["COUNT"]), labels={"build": os.environ.get("TOKEN", "none")})
class EchoService:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""
WITH_ALIAS = """\
import ekiben

MODEL = ekiben.models.get("flowers")


@ekiben.service(labels={"model": str(MODEL.tag)})
class EchoService:
    @ekiben.api
    def echo(self, text: str) -> str:
        return text
"""
TEMPLATE = """\
{% extends bento_base_template %}
{% block SETUP_BENTO_COMPONENTS %}
{{ super() }}
RUN echo {{ bento__path }} > /etc/where
{% endblock %}
"""


def write(project: Path, text: str) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}{text}")


def test_arguments_reach_the_service_and_the_manifest(build: Build, project: Path) -> None:
    (project / "service.py").write_text(WITH_ARGUMENTS)
    write(project, "args: {name: Iris, gpus: 2}\n")
    (project / "bentofile.yaml").write_text((project / "bentofile.yaml").read_text().replace("EchoService", "Served"))
    assert build().manifest.args == {"gpus": 2, "name": "Iris"}
    given = build(args={"gpus": "3"}).manifest
    assert given.args == {"gpus": "3", "name": "Iris"}
    assert given.services[0]["config"] == {"workers": 3}
    assert (given.services[0]["name"], build(args={"gpus": "2"}).manifest.args["gpus"]) == ("Iris", "2")


def test_an_argument_that_is_missing_is_told_before_anything_is_built(build: Build, project: Path) -> None:
    (project / "service.py").write_text(WITH_ARGUMENTS)
    write(project, "")
    with pytest.raises(DescriptionError, match="the argument `name` cannot be used: field required") as caught:
        build(service="service:Served")
    assert "--arg name=VALUE" in str(caught.value.hint)


def test_arguments_of_the_builders_environment_are_not_the_projects(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build()
    monkeypatch.setenv("EKIBEN_ARGS", '{"name": "other"}')
    assert build().tag == first.tag


def test_an_alias_is_known_while_the_service_is_imported(build: Build, project: Path, store: Store) -> None:
    for version in ("v1", "v2"):
        with store.models.create("iris", version=version, labels={"stage": version}) as draft:
            draft.path_of("weights").touch()
    (project / "service.py").write_text(WITH_ALIAS)
    write(project, "models: [{tag: iris, alias: flowers, filter: 'label:stage=v1'}]\n")
    assert build().manifest.services[0]["config"] == {"labels": {"model": "iris:v1"}}


def test_the_service_is_described_with_the_variables_of_its_image(
    build: Build, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "service.py").write_text(WITH_ENVIRONMENT)
    monkeypatch.setenv("COUNT", "9")
    monkeypatch.delenv("TOKEN", raising=False)
    write(
        project, "envs: [{name: COUNT, value: '2'}, {name: TOKEN, value: x, stage: build}]\ndocker: {env: {PATH_: x}}\n"
    )
    config = build().manifest.services[0]["config"]
    assert config == {"workers": 2, "labels": {"build": "none"}}


def test_variables_hold_at_their_stage(build: Build, project: Path) -> None:
    write(
        project,
        "envs:\n  - {name: ALWAYS, value: a}\n  - {name: LATER, value: l, stage: runtime}\n"
        "  - {name: EARLY, value: e, stage: build}\n  - {name: TOKEN, stage: build}\n",
    )
    bento = build()
    text = bento.path_of("env/docker/Containerfile").read_text()
    assert 'ENV ALWAYS="a"' in text
    assert 'LATER="l"' in text
    assert "EARLY=" not in text
    assert "id=ekiben-env" in text
    assert bento.manifest.environment == {"ALWAYS": "a", "LATER": "l"}


def test_a_template_lies_in_the_bento_and_fills_the_containerfile(build: Build, project: Path) -> None:
    (project / "Dockerfile.j2").write_text(TEMPLATE)
    write(project, "docker: {dockerfile_template: Dockerfile.j2}\n")
    bento = build()
    assert bento.path_of("env/docker/Dockerfile.template").read_text() == TEMPLATE
    text = bento.path_of("env/docker/Containerfile").read_text()
    assert "COPY bento /app/bento\nRUN echo /app/bento > /etc/where\n" in text
    assert bento_containerfile(bento) == text
    assert "FROM registry.example/base:1 AS base" in bento_containerfile(bento, base_image="registry.example/base:1")


def test_a_template_that_cannot_be_filled_in_ends_the_build_before_it_begins(
    build: Build, project: Path, store: Store
) -> None:
    (project / "service.py").write_text("raise RuntimeError('the service is not imported for nothing')\n")
    (project / "Dockerfile.j2").write_text(TEMPLATE.replace("bento__path", "''.__class__"))
    write(project, "docker: {dockerfile_template: Dockerfile.j2}\n")
    with pytest.raises(ImageError, match=r"`docker\.dockerfile_template`, line 4: access to attribute"):
        build()
    (project / "Dockerfile.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(BuildError, match=r"`Dockerfile\.j2` is no UTF-8 text"):
        build()
    assert store.bentos.list() == []


def test_conda_is_carried_in_one_form_and_its_pip_is_locked(build: Build, project: Path) -> None:
    (project / "environment.yml").write_text(
        "name: mine\nprefix: /home/somebody/envs/mine\nchannels: [conda-forge]\n"
        "dependencies: [libgdal=3.8, pip: [httptools]]\n"
    )
    write(project, "conda: {environment_yml: environment.yml}\n")
    bento = build()
    carried = yaml.safe_load(bento.path_of("env/conda/environment.yml").read_text())
    python = bento.manifest.python["version"]
    assert carried == {"channels": ["conda-forge"], "dependencies": [f"python={python}", "pip", "libgdal=3.8"]}
    assert bento.manifest.conda == {
        "channels": ["conda-forge"],
        "dependencies": ["libgdal=3.8"],
        "pip": ["httptools"],
    }
    assert "httptools" in bento.path_of("env/python/requirements.in").read_text().split()
    text = bento.path_of("env/docker/Containerfile").read_text()
    assert "FROM ${EKIBEN_MICROMAMBA} AS micromamba" in text
    assert "--prefix /opt/conda --file /mnt/conda/environment.yml" in text
    assert "--system-site-packages" in text


def test_keys_and_a_file_that_say_the_same_of_conda_give_the_same_bento(build: Build, project: Path) -> None:
    (project / "environment.yml").write_text("channels: [conda-forge]\ndependencies: [libgdal=3.8]\n")
    in_file = build(options={"conda": {"environment_yml": "environment.yml"}})
    in_keys = build(options={"conda": {"dependencies": ["libgdal=3.8"]}})
    assert in_file.tag == in_keys.tag


def test_a_cuda_version_gives_a_base_and_a_python_to_copy_onto_it(build: Build, project: Path) -> None:
    write(project, "docker: {cuda_version: '12.4', python_version: '3.11'}\n")
    bento = build()
    assert bento.manifest.docker["cuda_version"] == "12.4"
    assert bento.manifest.docker["python_image"] == "python:3.11-slim-bullseye"
    text = bento.path_of("env/docker/Containerfile").read_text()
    assert "FROM python:3.11-slim-bullseye AS python\n" in text
    assert "FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 AS base\n" in text
    assert text == bento_containerfile(bento)


def test_cuda_in_the_base_and_in_wheels_is_told(build: Build, project: Path, reporter: Recorder) -> None:
    make_wheel(project / "wheels", "nvidia_cublas_cu11", "11.5", {"cublas.py": ""})
    write(project, "  packages: [nvidia-cublas-cu11]\ndocker: {cuda_version: 12}\n")
    build()
    twice, other = [one for one in reporter.warned if "nvidia-cublas-cu11" in one]
    assert "brings CUDA's libraries, which the base image has, too" in twice
    assert "is for CUDA 11, and the base image has 12" in other


def test_a_distribution_gets_python_from_its_package_manager(build: Build, project: Path) -> None:
    write(project, "docker: {distro: ubi9, python_version: '3.11', system_packages: [mesa-libGL]}\n")
    bento = build()
    assert bento.manifest.docker["python_package"] == "python3.11"
    text = bento.path_of("env/docker/Containerfile").read_text()
    assert "install python3.11 " in text
    assert "install mesa-libGL " in text
    assert '"pkg:rpm/redhat/mesa-libGL"' in bento.path_of("sbom.cdx.json").read_text()


def test_a_call_in_python_says_what_a_bentofile_does(project: Path, store: Store) -> None:
    (project / "setup.sh").write_text("#!/bin/sh\n")
    (project / "bentofile.yaml").unlink()
    python = {"no_index": True, "find_links": "wheels"}
    bento = ekiben.build(
        "service:EchoService",
        build_ctx=project,
        name="called",
        version="v1",
        labels={"owner": "team", "tier": 2},  # type: ignore[dict-item]  # as BentoML's users write them
        description="says what it is told",
        include=("*.py", "*.sh"),
        exclude=["test_*.py"],
        envs=[{"name": "MODE", "value": "fast", "stage": "runtime"}],
        docker={"system_packages": ["libgomp1"], "setup_script": Path("setup.sh"), "env": {"A": "b"}},
        python=python,
        models=[],
        args={"gpus": (1, 2)},
        platform="linux/amd64",
        reporter=SilentReporter(),
    )
    manifest = bento.manifest
    assert str(bento.tag) == "called:v1"
    assert manifest.labels == {"owner": "team", "tier": "2"}
    assert manifest.args == {"gpus": [1, 2]}
    assert manifest.docker["system_packages"] == ["libgomp1"]
    assert manifest.environment == {"A": "b", "MODE": "fast"}
    assert sorted(path.name for path in bento.path_of("src").iterdir()) == ["service.py", "setup.sh"]
    assert "says what it is told" in bento.path_of("README.md").read_text()


def test_a_call_that_contradicts_itself_or_the_schema_is_refused_by_name(project: Path, store: Store) -> None:
    with pytest.raises(UsageError, match="`build_ctx` and `project_path` both say"):
        ekiben.build(build_ctx=project, project_path=project)
    with pytest.raises(BuildError, match=r"ekiben\.build\(\): `docker\.system_packages\[0\]` `a; id` is no Debian"):
        ekiben.build(project_path=project, docker={"system_packages": ["a; id"]}, reporter=SilentReporter())
    with pytest.raises(UsageError, match="`token` holds credentials"):
        ekiben.build(project_path=project, args={"token": "https://u:p@host.example/"})
    with pytest.raises(UsageError, match=r"the service `service\.py:Iris` is no import string") as caught:
        ekiben.build("service.py:Iris", project_path=project)
    assert caught.value.hint == "write `service:Iris`"
    assert store.bentos.list() == []


def test_the_command_line_hands_arguments_over(project: Path, store: Store) -> None:
    (project / "service.py").write_text(WITH_ARGUMENTS)
    (project / "args.yaml").write_text("name: Iris\ngpus: 2\n")
    command = [sys.executable, "-m", "ekiben.cli", "build", str(project), "--arg-file", str(project / "args.yaml")]
    (project / "bentofile.yaml").write_text(BENTOFILE.replace("EchoService", "Served"))
    done = subprocess.run([*command, "--arg", "gpus=3"], check=True, capture_output=True, text=True)
    assert store.bentos.get(done.stdout.strip()).manifest.args == {"gpus": "3", "name": "Iris"}
