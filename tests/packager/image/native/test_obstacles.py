"""What keeps a Bento from the native engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ekiben.packager.image.native.obstacles import find_obstacle
from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage

PLAN = ImagePlan("small", "python:3.11-slim", "3.11", groups=(), runtime_wheel="ekiben_runtime-1-py3-none-any.whl")


def locked(*names: str) -> LockedPackage:
    return LockedPackage("idna", "1", tuple(LockedFile(name, f"sha256:{'0' * 64}") for name in names))


def test_a_package_that_has_to_be_built_first_is_named() -> None:
    found = find_obstacle(PLAN, [locked("idna-1.tar.gz")], has_options=False)
    assert found == "`idna` has no wheel and is built in the image"


def test_a_plan_that_runs_nothing_meets_no_obstacle() -> None:
    with_variables = replace(PLAN, base_env=(("A", "b"),), build_env=(("B", "c"),), secret_env=("TOKEN",))
    on_cuda = replace(PLAN, cuda_version="12.4", python_image="python:3.11-slim-bullseye")
    assert find_obstacle(on_cuda, [], has_options=False) is None
    assert (
        find_obstacle(with_variables, [locked("idna-1-py3-none-any.whl", "idna-1.tar.gz")], has_options=False) is None
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"system_packages": ("libgomp1",)}, "docker.system_packages"),
        ({"python_package": "python3.11"}, "docker.distro"),
        ({"has_setup_script": True}, "docker.setup_script"),
        ({"has_conda": True}, "conda"),
        ({"template": ""}, "docker.dockerfile_template"),
        ({"open_requirements": ""}, "has no lock"),
    ],
)
def test_what_has_to_run_in_the_image_is_named(change: dict[str, object], words: str) -> None:
    found = find_obstacle(replace(PLAN, **change), [], has_options=False)  # type: ignore[arg-type]
    assert found is not None
    assert words in found


def test_options_are_for_engines_that_run_a_containerfile() -> None:
    assert "--opt" in (find_obstacle(PLAN, [], has_options=True) or "")
