"""Targets are checked, and known in each tool's words."""

from __future__ import annotations

import sys

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.target import MACHINES, Target, host_target
from ekiben.store.receipt import host_platform


@pytest.mark.parametrize(("python", "name"), [("3", "linux/amd64"), ("2.7", "linux/amd64"), ("3.11", "windows/amd64")])
def test_what_cannot_be_locked_for_is_refused(python: str, name: str) -> None:
    with pytest.raises(LockError, match="to lock for"):
        Target(python, name)


def test_a_c_library_that_is_none_is_refused() -> None:
    with pytest.raises(LockError, match="`glibc_2`"):
        Target("3.11", "linux/amd64", "glibc_2")


def test_a_c_library_is_known_by_its_wheel_tag() -> None:
    assert Target("3.11", "linux/amd64", "manylinux_2_28").libc_name == "glibc 2.28"
    alpine = Target("3.11", "linux/amd64", "musllinux_1_2")
    assert (alpine.libc_name, alpine.is_musl) == ("musl 1.2", True)


def test_the_host_is_a_target_where_images_have_its_platform() -> None:
    host = host_target()
    assert (host and host.platform) == (host_platform() if host_platform() in MACHINES else None)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    for platform in MACHINES:
        assert Target(python, platform, "manylinux_2_17").is_host == (platform == host_platform())
        assert not Target("3.99", platform).is_host
