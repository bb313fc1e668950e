"""What this version does not act on is refused by name and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import NotActedOn
from tests.packager.bentofile.conftest import Loads


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("conda:\n  channels: [conda-forge]\n", "2:3: `conda.channels`"),
        ("conda: {environment_yml: file.yml}\n", "1:9: `conda.environment_yml`"),
        ("conda: {dependencies: [x]}\n", "1:9: `conda.dependencies`"),
        ("conda: {pip: [x]}\n", "1:9: `conda.pip`"),
        ("docker: {dockerfile_template: file.yml}\n", "1:10: `docker.dockerfile_template`"),
        ("docker: {cuda_version: '12'}\n", "1:10: `docker.cuda_version`"),
        ("docker: {distro: alpine}\n", "1:10: `docker.distro`"),
        ("envs: [{name: A, stage: build}]\n", "1:18: `envs[0].stage`"),
        ("args: {a: 1}\n", "1:1: `args`"),
        ("python: {pip_args: '--pre'}\n", "1:10: `python.pip_args`"),
        ("python: {wheels: [a.whl]}\n", "1:10: `python.wheels`"),
        ("python: {lock_packages: false}\n", "1:10: `python.lock_packages`"),
        ("python: {pack_git_packages: false}\n", "1:10: `python.pack_git_packages`"),
    ],
)
def test_a_key_without_effect_is_refused(project: Path, loads: Loads, text: str, place: str) -> None:
    (project / "file.yml").write_text("")
    with pytest.raises(NotActedOn) as caught:
        loads(text)
    expected = f"{project}/bentofile.yaml:{place} is not acted on by this version of ekiben"
    assert caught.value.message == expected
