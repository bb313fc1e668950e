"""Which wheels a target installs."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import LockError
from ekiben.packager.lock.job import REQUIREMENTS, ResolverJob
from ekiben.packager.lock.lockfile import LockedFile
from ekiben.packager.lock.pip_settings import PipSettings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.uv_tool import compile_with_uv
from ekiben.packager.lock.wheel_tags import best_wheel, fits, usable_files, with_any_libc
from tests.packager.lock.local_index import LocalIndex

DEBIAN = Target("3.12", "linux/amd64", "manylinux_2_36")
ARM = Target("3.12", "linux/arm64", "manylinux_2_36")
ALPINE = Target("3.12", "linux/amd64", "musllinux_1_2")

PYTHONS = ("py3-none", "cp312-cp312", "cp39-abi3", "cp311-cp311", "cp313-cp313", "cp312-cp312t")
PLACES = (
    "any",
    "linux_x86_64",
    "manylinux1_x86_64",
    "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "manylinux_2_39_x86_64",
    "manylinux_2_17_aarch64",
    "musllinux_1_1_x86_64",
    "musllinux_1_9_x86_64",
    "win_amd64",
    "macosx_11_0_arm64",
)
KINDS = (*(f"{python}-any" for python in PYTHONS), *(f"cp312-cp312-{place}" for place in PLACES))
pythons, platforms = st.sampled_from(PYTHONS), st.sampled_from(PLACES)
wheels = st.builds(lambda python, place: f"x-1-{python}-{place}.whl", pythons, platforms)
targets = st.sampled_from([DEBIAN, ARM, ALPINE, Target("3.12", "linux/amd64", "manylinux_2_17")])


def named(*names: str) -> list[LockedFile]:
    return [LockedFile(name, f"sha256:{'0' * 64}") for name in names]


@pytest.mark.parametrize(
    ("wheel", "fitting"),
    [
        ("x-1-py3-none-any.whl", (DEBIAN, ARM, ALPINE)),
        ("x-1-cp39-abi3-manylinux2014_x86_64.whl", (DEBIAN,)),
        ("x-1-cp312-cp312-manylinux_2_17_aarch64.whl", (ARM,)),
        ("x-1-cp312-cp312-musllinux_1_1_x86_64.whl", (ALPINE,)),
        ("x-1-cp312-cp312-manylinux_2_39_x86_64.whl", ()),
        ("x-1-cp311-cp311-manylinux_2_17_x86_64.whl", ()),
        ("x-1-cp312-cp312-win_amd64.whl", ()),
        ("x-1.tar.gz", ()),
    ],
)
def test_a_wheel_fits_by_python_machine_and_c_library(wheel: str, fitting: tuple[Target, ...]) -> None:
    assert tuple(target for target in (DEBIAN, ARM, ALPINE) if fits(wheel, target)) == fitting


@pytest.mark.parametrize("target", [DEBIAN, ARM, ALPINE], ids=["debian", "arm", "alpine"])
def test_uv_takes_the_wheels_that_fit_and_no_others(
    index: LocalIndex, environ: dict[str, str], tmp_path: Path, target: Target
) -> None:
    settings = PipSettings(no_index=True, find_links=(str(index.files),))
    job = ResolverJob(tmp_path, target, settings, environ, timeout_s=60)
    taken = set()
    for number, kind in enumerate(KINDS):
        index.add(f"x{number}", "1", tag=kind)
        (tmp_path / REQUIREMENTS).write_text(f"x{number}\n")
        with contextlib.suppress(LockError):
            taken |= {kind for _ in compile_with_uv(job).packages}
    assert taken == {kind for kind in KINDS if fits(f"x-1-{kind}.whl", target)}


@given(wheels, targets)
def test_what_fits_fits_a_newer_c_library(wheel: str, target: Target) -> None:
    assert not fits(wheel, target) or fits(wheel, with_any_libc(target))


@given(st.lists(wheels, unique=True), targets)
def test_what_may_be_installed_has_the_best_wheel(names: list[str], target: Target) -> None:
    files = named(*names)
    usable, best = usable_files(files, target), best_wheel(files, target)
    assert best == best_wheel(usable, target)
    assert best is None or best in usable


def test_a_wheel_for_a_newer_c_library_stays_beside_one_that_fits() -> None:
    files = named(
        "x-1-cp312-cp312-manylinux_2_39_x86_64.whl", "x-1-cp312-cp312-manylinux_2_17_x86_64.whl", "x-1.tar.gz"
    )
    assert usable_files(files, DEBIAN) == tuple(files[:2])
    assert best_wheel(files, DEBIAN) == files[1]


def test_an_sdist_stays_where_no_wheel_fits() -> None:
    files = named("x-1-cp311-cp311-manylinux_2_17_x86_64.whl", "x-1.tar.gz")
    assert usable_files(files, DEBIAN) == (files[1],)
