"""What this version does not act on is refused by name and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import NotActedOn
from tests.packager.bentofile.conftest import Loads


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("docker: {distro: alpine}\n", "1:10: `docker.distro`"),
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
