"""The systems that `docker.distro` names. Pure.

Pythons of Red Hat's: https://docs.redhat.com/en/documentation/red_hat_enterprise_linux/9/html/
installing_and_using_dynamic_programming_languages; of Amazon's: https://docs.aws.amazon.com/linux/al2023/ug/python.html;
both of November 2026. Each has `python3` for its own tools, which stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ekiben.packager.bases.cuda import UBUNTU

PackageManager: TypeAlias = Literal["apt", "dnf"]


@dataclass(frozen=True, slots=True)
class Distribution:
    """`image` is what others stand on; without one it is the image of Python. `pythons` are the minor versions of
    Python 3 that its package manager installs. `cuda` is what NVIDIA's tags call it."""

    manager: PackageManager
    image: str | None = None
    pythons: frozenset[int] = frozenset()
    cuda: str | None = None


DEBIAN = "debian"
DISTRIBUTIONS = {
    DEBIAN: Distribution("apt", cuda=UBUNTU),
    "ubi8": Distribution("dnf", "registry.access.redhat.com/ubi8/ubi-minimal:latest", frozenset({11, 12}), "ubi8"),
    "ubi9": Distribution("dnf", "registry.access.redhat.com/ubi9/ubi-minimal:latest", frozenset({11, 12}), "ubi9"),
    "amazonlinux": Distribution("dnf", "amazonlinux:2023", frozenset({11, 12, 13, 14})),
}
# BentoML's other one. Wheels for musl would have to be locked, and many packages, torch among them, have none.
ALPINE = "alpine"


def package_manager(distro: str) -> PackageManager:
    """What installs `docker.system_packages`; that of Debian where nothing is known of the system."""
    return DISTRIBUTIONS.get(distro, DISTRIBUTIONS[DEBIAN]).manager


def rpm_of_python(python: str) -> str:
    """What RPM distributions call a Python such as `3.12` or `3.12.4`."""
    return f"python{'.'.join(python.split('.')[:2])}"
