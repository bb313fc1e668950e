"""A real Docker engine: found, or missed in words; and which can build."""

from __future__ import annotations

import os

import pytest

from ekiben.errors import EngineUnavailable
from ekiben.packager.image.engines.docker import DockerEngine
from ekiben.packager.image.engines.docker_api import EngineVersion, why_unfit


def test_an_engine_that_does_not_answer_is_unavailable_with_a_remedy() -> None:
    with pytest.raises(EngineUnavailable, match=r"`tcp://127\.0\.0\.1:1` \(DOCKER_HOST\): .*refused") as caught:
        DockerEngine({"DOCKER_HOST": "tcp://127.0.0.1:1", "PATH": os.environ["PATH"]}).check()
    assert "DOCKER_HOST" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (EngineVersion("Engine", "20.10.24+dfsg1", "linux"), None),
        (EngineVersion("Engine", "29.0.1", "linux"), None),
        (EngineVersion("Engine", "19.03.15", "linux"), "came with 20.10"),
        (EngineVersion("Podman Engine", "4.3.1", "linux"), "has no BuildKit"),
        (EngineVersion("Engine", "28.0.0", "windows"), "runs `windows` containers"),
    ],
)
def test_which_engines_can_build(found: EngineVersion, reason: str | None) -> None:
    said = why_unfit(found)
    assert said is None if reason is None else reason in (said or "")


@pytest.mark.docker
def test_the_engine_says_who_it_is(base_image: str) -> None:
    assert DockerEngine(os.environ).check().startswith("Docker ")
