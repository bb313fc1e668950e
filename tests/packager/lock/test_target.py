"""Targets are checked, and known in each tool's words."""

from __future__ import annotations

import platform
import sys

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.target import Target, host_target


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


@pytest.mark.skipif(platform.system() != "Linux", reason="needs Linux")
def test_the_host_is_a_target_on_linux() -> None:
    host = host_target()
    assert host is not None
    assert host.is_host
    assert Target(host.python, host.platform, "manylinux_2_17").is_host
    assert not Target("3.99", host.platform).is_host
    assert host.python == f"{sys.version_info.major}.{sys.version_info.minor}"
