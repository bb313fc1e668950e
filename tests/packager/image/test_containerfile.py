"""The Containerfile's text: golden files for its shape, and the engine's own word for its quoting."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ekiben.packager.image.containerfile import containerfile
from ekiben.packager.image.engines.docker_cli import build_environment, find_docker_cli
from ekiben.packager.image.plan import MAX_MODEL_LAYERS, ImagePlan, plan_image
from ekiben.packager.image.wheel_groups import WheelGroup
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.tag import Tag
from tests.packager.small_bento import MANIFEST, RUNTIME_WHEEL

GOLDEN = Path(__file__).parent / "golden"
TRICKY = 'it\'s "quoted", $HOME, ${HOME}, $(id), `id`, back\\slash, # no comment, end\\'


def group(name: str, *packages: str) -> WheelGroup:
    return WheelGroup(
        name, tuple(LockedPackage(one, "1.0", (LockedFile("", f"sha256:{'0' * 64}"),)) for one in packages)
    )


SMALL = ImagePlan(
    title="small",
    base_image="python:3.11-slim",
    python_version="3.11",
    groups=(group("rest", "httptools", "msgspec"),),
    runtime_wheel=RUNTIME_WHEEL,
)
FULL = replace(
    SMALL,
    title="support_tickets",
    base_image=f"registry.example.org:5000/bases/python:3.12@sha256:{'a' * 64}",
    python_version="3.12",
    groups=(
        group("numpy", "numpy", "scipy"),
        group("torch", "torch"),
        group("rest", *(f"package-with-a-long-name-{number}" for number in range(12))),
    ),
    models=(Tag("iris", "abcdefgh"), Tag("tickets", "1.0")),
    system_packages=("libgomp1", "curl=7.88.1-10"),
    has_setup_script=True,
    base_env=(("GREETING", TRICKY), ("HOME", "/srv")),
    runtime_env=(("MODE", "production"),),
)
CONDA = replace(
    SMALL,
    has_conda=True,
    system_packages=("libgomp1",),
    has_setup_script=True,
    build_env=(("EARLY", TRICKY),),
    secret_env=("TOKEN",),
)
TEMPLATE = replace(
    SMALL,
    base_env=(("GREETING", TRICKY),),
    template="""\
{% extends bento_base_template %}
{% block SETUP_BENTO_BASE_IMAGE %}
{{ super() }}
RUN echo in the base
{% endblock %}
{% block SETUP_BENTO_COMPONENTS %}
{{ super() }}
RUN echo {{ expands_bento_path("src") }}
{% endblock %}
{% block SETUP_BENTO_ENTRYPOINT %}
{{ super() }}
LABEL org.example.owner="team"
{% endblock %}
""",
)


def on_base(lock: str = "six==1.17.0", **keys: object) -> ImagePlan:
    """The plan of a Bento whose bentofile has these keys of `docker`."""
    return plan_image(replace(MANIFEST, docker={**MANIFEST.docker, **keys}), f"{lock}\n", RUNTIME_WHEEL)


PLANS = {
    "small": SMALL,
    "full": FULL,
    "conda": CONDA,
    "template": TEMPLATE,
    "cuda": on_base(cuda_version="12.6"),
    "cuda_packages": on_base(cuda_version="12.4", python_version="3.12", system_packages=["libgomp1"]),
    "cuda_wheels": on_base("nvidia-cublas-cu12==12.6.4.1\ntorch==2.7.1"),
    "cuda_ubi9": on_base(distro="ubi9", cuda_version="12"),
    "ubi9": on_base(distro="ubi9", python_version="3.12", system_packages=["libgomp", "mesa-libGL"]),
    "amazonlinux": on_base(distro="amazonlinux", python_version="3.13", system_packages=["libgomp-11.4.1"]),
}


@pytest.mark.parametrize("name", PLANS)
def test_the_text_is_the_golden_one(name: str, pytestconfig: pytest.Config) -> None:
    golden = GOLDEN / f"{name}.Containerfile"
    text = containerfile(PLANS[name])
    if pytestconfig.getoption("--update-golden"):
        golden.write_text(text)
    assert text == golden.read_text()


@pytest.mark.parametrize("name", PLANS)
def test_the_linter_has_nothing_to_say(name: str, tmp_path: Path) -> None:
    """hadolint itself misreads some of TRICKY: an escaped backslash before a quote, and an escaped dollar."""
    path = tmp_path / "Containerfile"
    path.write_text(containerfile(replace(PLANS[name], base_env=(("GREETING", "hello"), ("HOME", "/srv")))))
    linter = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([linter, "--no-color", path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_a_bento_gets_its_containerfile_from_manifest_and_lock_alone() -> None:
    text = containerfile(plan_image(MANIFEST, f"six==1.17.0 --hash=sha256:{'0' * 64}\n", RUNTIME_WHEEL))
    assert "FROM python:3.11-slim AS base" in text
    assert "#   rest: six\n" in text


def test_models_come_after_wheels_and_the_source_last() -> None:
    copies = re.findall(r"^COPY (.*)$", containerfile(FULL), re.MULTILINE)
    assert [copy.split()[-1] for copy in copies] == [
        *["/app/venv"] * 5,
        *["/", "/"],
        "/app/bento",
    ]
    assert copies[5:7] == ["models/iris/abcdefgh /", "models/tickets/1.0 /"]


def test_models_beyond_the_budget_are_copied_together() -> None:
    plan = replace(SMALL, models=tuple(Tag("model", f"v{number}") for number in range(MAX_MODEL_LAYERS + 2)))
    copies = re.findall(r"^COPY .*models.*$", containerfile(plan), re.MULTILINE)
    assert len(copies) == MAX_MODEL_LAYERS + 1
    assert copies[-1] == "COPY more-models /"


def test_a_variable_of_the_build_is_in_no_instruction() -> None:
    text = containerfile(CONDA)
    assert "EARLY" not in text
    assert TRICKY not in text
    runs = re.findall(r"^RUN (?:.*\\\n)*.*", text, re.MULTILINE)
    tools = [one for one in runs if "python3 -m venv" not in one]
    assert len(tools) == 5
    assert all("    . /mnt/setup/build-env \\\n" in one for one in tools)


def test_a_template_that_adds_nothing_changes_no_instruction() -> None:
    plain, filled = containerfile(FULL), containerfile(replace(FULL, template="{% extends bento_base_template %}"))
    assert [one for one in filled.splitlines() if one] == [one for one in plain.splitlines() if one]


def test_a_declared_variable_goes_before_the_images_own() -> None:
    text = containerfile(replace(SMALL, runtime_env=(("HOME", "/srv"),)))
    assert re.findall(r' HOME="([^"]*)"', text) == ["/srv"]


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_only_syntax_of_the_1_2_frontend_is_used(plan: ImagePlan) -> None:
    text = containerfile(plan)
    assert "<<" not in text
    assert "--link" not in text
    assert not re.search(r"^#\s*(syntax|escape)\s*=", text, re.MULTILINE)


@pytest.mark.docker
def test_the_engine_reads_every_value_as_it_was_written(base_image: str, tmp_path: Path) -> None:
    values = (("TRICKY", TRICKY), ("EMPTY", ""), ("LAST", "\\"))
    plan = replace(SMALL, base_image=base_image, base_env=values)
    (tmp_path / "Containerfile").write_text(containerfile(plan))
    docker = find_docker_cli(os.environ).path
    run = partial(subprocess.run, check=True, capture_output=True, text=True, env=build_environment(os.environ))
    built = run(
        [docker, "build", "--quiet", "--target=base", f"--file={tmp_path}/Containerfile", tmp_path]
    ).stdout.strip()
    shown = run([docker, "image", "inspect", "--format", "{{json .Config.Env}}", built]).stdout
    run([docker, "image", "rm", built])
    assert {f"{name}={value}" for name, value in values} <= set(json.loads(shown))
