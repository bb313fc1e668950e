"""What an image holds, layer by layer, and every text that is refused on its way into a Containerfile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.packager.image.plan import MAX_MODEL_LAYERS, ImagePlan, plan_image
from ekiben.packager.image.wheel_groups import GROUPS, REST
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage, format_lock
from ekiben.serving.healthcheck import PORT_FILE_VARIABLE
from ekiben.serving.variables import BENTO_VARIABLE, VERSION_VARIABLE
from ekiben.store.bento_manifest import BentoManifest, BentoModelEntry
from ekiben.tag import Tag
from tests.packager.small_bento import MANIFEST, RUNTIME_WHEEL

SOME_DIGEST = Digest.of_bytes(b"")
ENGINE_LIMIT = 127  # layers that overlay2 stacks on one another
HOSTILE = ["a\nRUN evil", "a\rRUN evil", "a\u2028b", "a\0b", "$(evil)", "`evil`", "a;evil", "a b", "--evil", "a\\", ""]


def docker(**changes: object) -> BentoManifest:
    """A manifest whose `docker` has these keys."""
    return replace(MANIFEST, docker={**MANIFEST.docker, **changes})


def plan(manifest: BentoManifest = MANIFEST) -> ImagePlan:
    return plan_image(manifest, "", RUNTIME_WHEEL)


def package(name: str) -> LockedPackage:
    return LockedPackage(name, "1.0", (LockedFile("", f"sha256:{'0' * 64}"),))


def test_the_base_is_pythons_slim_image_of_the_version_asked_for() -> None:
    assert plan(docker(python_version="3.12.4")).base_image == "python:3.12.4-slim"
    assert plan(docker(python_version="3.12.4")).python_version == "3.12"


def test_a_base_image_of_the_caller_goes_before_the_bentos() -> None:
    manifest = docker(base_image="example.org/base:1")
    assert plan(manifest).base_image == "example.org/base:1"
    assert plan_image(manifest, "", RUNTIME_WHEEL, base_image="other").base_image == "other"


def test_the_lock_decides_the_groups() -> None:
    text = format_lock([package("numpy"), package("six")])
    assert [group.name for group in plan_image(MANIFEST, text, RUNTIME_WHEEL).groups] == ["numpy", REST]


def test_models_beyond_the_layer_budget_share_a_layer() -> None:
    entries = tuple(BentoModelEntry(Tag("model", f"v{number}"), SOME_DIGEST) for number in range(MAX_MODEL_LAYERS + 3))
    made = plan(replace(MANIFEST, models=entries))
    assert len(made.own_layer_models) == MAX_MODEL_LAYERS
    assert len(made.shared_layer_models) == 3
    base_layers, others = 12, 7  # apt, setup script, skeleton, runtime, working folder, shared models, source
    assert len(GROUPS) + MAX_MODEL_LAYERS + base_layers + others <= ENGINE_LIMIT


def test_a_model_under_two_aliases_is_one_layer() -> None:
    entries = tuple(BentoModelEntry(Tag("model", "v1"), SOME_DIGEST, alias=alias) for alias in ("a", "b"))
    assert plan(replace(MANIFEST, models=entries)).models == (Tag("model", "v1"),)


def test_variables_of_the_runtime_stage_are_kept_from_the_build() -> None:
    envs = ({"name": "A", "value": "1", "stage": "all"}, {"name": "B", "value": "2", "stage": "runtime"})
    made = plan(replace(docker(env={"C": "3"}), envs=envs))
    assert made.base_env == (("C", "3"), ("A", "1"))
    assert made.runtime_env == (("B", "2"),)


def test_variables_of_the_build_stage_are_kept_from_the_image() -> None:
    envs = ({"name": "A", "value": "1", "stage": "build"}, {"name": "TOKEN", "value": "", "stage": "build"})
    made = plan(replace(MANIFEST, envs=envs))
    assert (made.base_env, made.runtime_env) == ((), ())
    assert made.build_env == (("A", "1"),)
    assert made.secret_env == ("TOKEN",)
    assert made.has_build_env
    assert not plan().has_build_env


@pytest.mark.parametrize("text", [one for one in HOSTILE if one])
def test_a_name_of_a_secret_variable_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan(replace(MANIFEST, envs=({"name": text, "value": "", "stage": "build"},)))


def test_conda_is_planned_where_the_bento_has_packages_of_it() -> None:
    assert plan(replace(MANIFEST, conda={"dependencies": ["libgdal"]})).has_conda
    assert not plan().has_conda


def test_a_variable_without_a_value_is_left_to_docker_run() -> None:
    assert plan(replace(MANIFEST, envs=({"name": "TOKEN", "value": "", "stage": "all"},))).base_env == ()


@pytest.mark.parametrize("text", [one for one in HOSTILE if one])
def test_a_base_image_that_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan(docker(base_image=text))
    with pytest.raises(ImageError):
        plan_image(MANIFEST, "", RUNTIME_WHEEL, base_image=text)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_system_package_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan(docker(system_packages=["libgomp1", text]))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_of_a_variable_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan(docker(env={text: "1"}))
    with pytest.raises(ImageError):
        plan(replace(MANIFEST, envs=({"name": text, "value": "1", "stage": "runtime"},)))


@pytest.mark.parametrize("text", ["a\nRUN evil", "a\rb", "a\u2028b", "a\0b"])
def test_a_value_of_a_variable_that_ends_its_line_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan(docker(env={"NAME": text}))


@pytest.mark.parametrize("text", [*HOSTILE, "3.10", "3", "python3.11"])
def test_a_python_version_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan(docker(python_version=text))


@pytest.mark.parametrize("text", [*HOSTILE, "ekiben.whl", "ekiben_runtime-1.0.tar.gz"])
def test_a_runtime_wheel_with_another_kind_of_name_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        plan_image(MANIFEST, "", text)


@pytest.mark.parametrize("name", ["PATH", "EKIBEN_HOME", BENTO_VARIABLE, VERSION_VARIABLE, PORT_FILE_VARIABLE])
def test_a_variable_that_the_image_lives_by_is_refused(name: str) -> None:
    with pytest.raises(ImageError, match=f"names `{name}`, which the image sets itself"):
        plan(docker(env={name: "x"}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"distro": "alpine"}, "has musl as its C library"),
        ({"distro": "plan9"}, "is not known"),
        ({"cuda_version": "12.7"}, "of which no image is known"),
        ({"cuda_version": "12.4\nRUN evil"}, "no version of CUDA"),
        ({"cuda_version": "12.4", "python_version": "3.14"}, "no image has it for a C library as old"),
        ({"distro": "ubi9", "system_packages": ["-y"]}, "is no RPM package"),
        ({"cuda_version": "12", "python_image": "a b"}, "is no image reference"),
    ],
)
def test_what_leads_to_no_image_is_refused_in_words(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ImageError, match=words):
        plan(docker(**changes))


def test_what_a_bento_was_built_for_goes_before_what_its_bentofile_means_today() -> None:
    pinned = f"nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04@sha256:{'a' * 64}"
    copied = f"python:3.11-slim-bullseye@sha256:{'b' * 64}"
    made = plan(docker(cuda_version="12.4", base_image=pinned, python_image=copied))
    assert (made.base_image, made.python_image) == (pinned, copied)
    ubi = plan(docker(distro="ubi9", base_image=f"ubi@sha256:{'a' * 64}", python_package="python3.11"))
    assert (ubi.python_image, ubi.python_package) == (None, "python3.11")


def test_another_base_brings_its_python_or_gets_it_copied() -> None:
    ubi = docker(distro="ubi9", python_package="python3.11")
    assert plan_image(ubi, "", RUNTIME_WHEEL, base_image="mine").python_package is None
    cuda = docker(cuda_version="12.4", python_image="python:3.11-slim-bullseye")
    assert plan_image(cuda, "", RUNTIME_WHEEL, base_image="mine").python_image == "python:3.11-slim-bullseye"


def test_wheels_of_cuda_have_the_container_ask_for_devices() -> None:
    assert not plan(docker()).uses_gpu
    assert plan(docker(cuda_version="12")).uses_gpu
    locked = f"cupy-cuda12x==13.4 --hash=sha256:{'0' * 64}\n"
    assert plan_image(docker(), locked, RUNTIME_WHEEL).uses_gpu


@pytest.mark.parametrize("changes", [{"system_packages": "curl"}, {"env": ["A=1"]}, {"base_image": 3}])
def test_a_damaged_manifest_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ImageError, match=r"in bento\.yaml is no"):
        plan(docker(**changes))
