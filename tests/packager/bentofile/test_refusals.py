"""What leads to no image is refused by name and place."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import NotActedOn
from tests.packager.bentofile.conftest import Loads


def test_a_key_without_effect_is_refused(project: Path, loads: Loads) -> None:
    with pytest.raises(NotActedOn) as caught:
        loads("docker: {distro: alpine}\n")
    place = f"{project}/bentofile.yaml:1:18: `docker.distro`"
    assert caught.value.message.startswith(f"{place} `alpine` has musl as its C library")
    assert "python:<version>-slim" in str(caught.value.hint)
