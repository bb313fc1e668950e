"""Which engine a name means."""

from __future__ import annotations

import pytest

from ekiben.errors import NotActedOn, UsageError
from ekiben.packager.image.engines.choosing import choose_engine
from ekiben.packager.image.engines.docker import DockerEngine


@pytest.mark.parametrize("name", ["auto", "docker"])
def test_auto_and_docker_are_the_docker_engine(name: str) -> None:
    assert isinstance(choose_engine(name, {}), DockerEngine)


@pytest.mark.parametrize("name", ["native", "buildx", "podman", "buildah"])
def test_engines_to_come_are_refused_in_words(name: str) -> None:
    with pytest.raises(NotActedOn, match=f"`{name}` is not there yet"):
        choose_engine(name, {})


def test_other_names_are_a_wrong_argument() -> None:
    with pytest.raises(UsageError, match="`kaniko` is no engine"):
        choose_engine("kaniko", {})
