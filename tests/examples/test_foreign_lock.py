"""The iris example locked for another Python and another processor than this machine's, from the configured index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_tags import platform_tags
from ekiben.packager.locking import Locking
from ekiben.packager.project_lock import ProjectLockRequest, lock_project
from ekiben.report import SilentReporter

EXAMPLE = Path(__file__).parents[2] / "examples/iris"
TARGET = Target("3.12", "linux/arm64")


@pytest.mark.timeout(600)  # some 70 MB of wheels are downloaded
def test_every_pin_has_a_wheel_there_that_pip_takes_by_its_hash(tmp_path: Path) -> None:
    project = tmp_path / "iris"
    project.mkdir()
    bentofile = (EXAMPLE / "bentofile.yaml").read_text()
    (project / "bentofile.yaml").write_text(
        bentofile.replace("docker:", f"docker:\n  python_version: '{TARGET.python}'")
    )
    made = lock_project(
        ProjectLockRequest(project=project, platforms=(TARGET.platform,)), Locking(tmp_path / "cache", SilentReporter())
    )
    (lock,) = made.content.locks
    assert lock.target == TARGET
    (tmp_path / "requirements.lock").write_text(lock.text)
    wheels = tmp_path / "wheels"
    platforms = [word for tag in platform_tags(TARGET) for word in ("--platform", tag)]
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary", ":all:"),
            *("--python-version", TARGET.python, "--implementation", "cp", *platforms),
            *("--dest", wheels, "--requirement", tmp_path / "requirements.lock"),
        ],
        check=True,
        capture_output=True,
    )
    found = [parse_wheel_filename(path.name) for path in wheels.iterdir()]
    assert {(name, str(version)) for name, version, _, _ in found} == {(one.name, one.version) for one in lock.packages}
    foreign: list[Tag] = [tag for *_, tags in found for tag in tags if tag.platform.endswith("aarch64")]
    assert {tag.interpreter for tag in foreign} >= {"cp312"}
    assert {"numpy", "scikit-learn"} <= {one.name for one in lock.packages if one.licence}
