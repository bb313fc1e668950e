"""Whether an image can run a wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.packager.image.native.wheels.fitting import require_fit
from ekiben.packager.lock.target import Target

DEBIAN = Target("3.11", "linux/amd64", "manylinux_2_36")


@pytest.mark.parametrize(
    "name",
    [
        *("a-1-py3-none-any.whl", "a-1-cp311-cp311-manylinux_2_28_x86_64.whl", "a-1-cp38-abi3-manylinux1_x86_64.whl"),
        "a-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    ],
)
def test_a_wheel_for_the_image_fits(name: str) -> None:
    require_fit(Path("/wheels", name), DEBIAN)


@pytest.mark.parametrize(
    "name",
    [
        *("a-1-cp312-cp312-manylinux_2_28_x86_64.whl", "a-1-cp311-cp311-manylinux_2_28_aarch64.whl"),
        *("a-1-cp311-cp311-manylinux_2_38_x86_64.whl", "a-1-cp311-cp311-musllinux_1_2_x86_64.whl"),
        *("a-1-cp311-cp311-win_amd64.whl", "a-1-cp312-abi3-manylinux_2_28_x86_64.whl", "a-1.tar.gz"),
    ],
)
def test_a_wheel_for_another_image_does_not(name: str) -> None:
    with pytest.raises(ImageError, match=r"does not run on Python 3\.11 on linux/amd64 with glibc 2\.36"):
        require_fit(Path("/wheels", name), DEBIAN)
