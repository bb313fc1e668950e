"""Targets are checked, and known in each tool's words."""

from __future__ import annotations

import platform
import sys

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.target import Target, host_target


def test_uv_is_told_architecture_and_glibc() -> None:
    assert Target("3.12", "linux/arm64").uv_platform == "aarch64-manylinux_2_36"
    assert Target("3.11", "linux/amd64").uv_platform == "x86_64-manylinux_2_36"


@pytest.mark.parametrize(("python", "name"), [("3", "linux/amd64"), ("2.7", "linux/amd64"), ("3.11", "windows/amd64")])
def test_what_cannot_be_locked_for_is_refused(python: str, name: str) -> None:
    with pytest.raises(LockError, match="to lock for"):
        Target(python, name)


@pytest.mark.skipif(platform.system() != "Linux", reason="needs Linux")
def test_the_host_is_a_target_on_linux() -> None:
    host = host_target()
    assert host is not None
    assert host.is_host
    assert not Target("3.99", host.platform).is_host
    assert host.python == f"{sys.version_info.major}.{sys.version_info.minor}"
