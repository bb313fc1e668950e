"""Which wheels share a layer."""

from __future__ import annotations

from importlib import metadata

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ekiben.packager.image.wheel_groups import REST, SERVER, SERVER_WHEELS, group_wheels
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS


def package(name: str) -> LockedPackage:
    return LockedPackage(name, "1.0", (LockedFile("", f"sha256:{'0' * 64}"),))


def needed(requirements: list[str]) -> set[str]:
    """The names of all that an installer brings for these here."""
    found: set[str] = set()
    waiting = [Requirement(one) for one in requirements]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found.add(name)
            waiting += [Requirement(other) for other in metadata.requires(name) or []]
    return found


def test_heavy_wheels_come_first_then_the_servers_and_the_rest_together() -> None:
    names = ["torch", "click", "nvidia-cudnn-cu12", "nvidia-nvtx", "scipy", "numpy", "attrs", "PyYAML"]
    groups = {group.name: [one.name for one in group.packages] for group in group_wheels(map(package, names))}
    assert groups == {
        "numpy": ["numpy", "scipy"],
        "cudnn": ["nvidia-cudnn-cu12"],
        "cuda": ["nvidia-nvtx"],
        "torch": ["torch"],
        SERVER: ["PyYAML"],
        REST: ["attrs", "click"],
    }
    assert list(groups)[-1] == REST


@given(st.lists(st.sampled_from(["torch", "numpy", "scipy", "click", "jax", "triton", "attrs", "pandas"]), unique=True))
def test_every_package_is_in_one_group_whatever_their_order(names: list[str]) -> None:
    groups = group_wheels(map(package, names))
    assert sorted(one.name for group in groups for one in group.packages) == sorted(names)
    assert groups == group_wheels(map(package, reversed(names)))


def test_the_servers_group_is_what_the_runtime_requires() -> None:
    assert needed(list(RUNTIME_REQUIREMENTS)) == set(SERVER_WHEELS)
