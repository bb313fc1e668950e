"""Which wheels a target installs."""

from __future__ import annotations

import platform

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags

from ekiben.packager.lock.lockfile import LockedFile
from ekiben.packager.lock.target import Target, host_target
from ekiben.packager.lock.wheel_tags import best_wheel, fits, platform_tags, usable_files, with_any_libc

DEBIAN = Target("3.12", "linux/amd64", "manylinux_2_36")
ARM = Target("3.12", "linux/arm64", "manylinux_2_36")
ALPINE = Target("3.12", "linux/amd64", "musllinux_1_2")

pythons = st.sampled_from(["py3-none", "cp312-cp312", "cp39-abi3", "cp311-cp311", "cp313-cp313", "cp312-cp312t"])
platforms = st.sampled_from(
    [
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
    ]
)
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


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_this_machine_is_known_as_packaging_knows_it() -> None:
    host = host_target()
    assert host is not None
    _, _, minor = platform.libc_ver()[1].rpartition(".")
    ours = set(platform_tags(Target(host.python, host.platform, f"manylinux_2_{minor}")))
    assert ours == {tag.platform for tag in sys_tags() if tag.platform != "any"}


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
