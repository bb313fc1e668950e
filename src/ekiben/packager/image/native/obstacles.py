"""What keeps a Bento from the native engine, which runs nothing in an image: told before anything is done. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ekiben.packager.image.plan import ImagePlan
from ekiben.packager.lock.lockfile import LockedPackage


def find_obstacle(plan: ImagePlan, named: Iterable[LockedPackage], *, has_options: bool) -> str | None:
    """What of the image only a build that runs its Containerfile can do, as the words that follow `because`; None where
    there is nothing. `named` are the lock's pins with the names of their files, as far as these are known."""
    unbuilt = next((one.name for one in named if one.files and not any(file.is_wheel for file in one.files)), None)
    reasons = (
        (bool(plan.python_package), "the Python of `docker.distro` is installed by its package manager"),
        (bool(plan.system_packages), "`docker.system_packages` are installed by the base's own package manager"),
        (plan.has_setup_script, "`docker.setup_script` runs in the image"),
        (plan.has_conda, "`conda` packages are installed by a program that runs in the image"),
        (plan.template is not None, "`docker.dockerfile_template` is text of a Containerfile"),
        (plan.open_requirements is not None, "the Bento has no lock, and pip decides in the image"),
        (unbuilt is not None, f"`{unbuilt}` has no wheel and is built in the image"),
        (has_options, "`--opt` and its like (`--build-arg`, `--pull`) are for engines that run a Containerfile"),
    )
    return next((reason for holds, reason in reasons if holds), None)
