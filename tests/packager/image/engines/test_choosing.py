"""Which engine a name means, and what forbids it."""

from __future__ import annotations

import pytest

from ekiben.errors import ImageError, UsageError
from ekiben.packager.image.engines.choosing import RUNNERS, choose_engine, refuse_foreign_storage

OBSTACLE = "`docker.setup_script` runs in the image"
WISH = "`--output oci:x`"


def test_auto_takes_the_native_engine_where_it_can_make_the_image() -> None:
    assert choose_engine("auto", obstacle=None, needs_native=None)[0] == "native"
    assert choose_engine("auto", obstacle=None, needs_native=WISH)[0] == "native"


def test_auto_takes_docker_where_something_has_to_run_and_says_what() -> None:
    assert choose_engine("auto", obstacle=OBSTACLE, needs_native=None) == ("docker", OBSTACLE)


def test_an_engine_that_is_named_is_taken_where_nothing_forbids_it() -> None:
    assert choose_engine("native", obstacle=None, needs_native=WISH)[0] == "native"
    assert choose_engine("docker", obstacle=OBSTACLE, needs_native=None)[0] == "docker"


def test_what_the_native_engine_cannot_do_is_said_with_the_engine_that_can() -> None:
    with pytest.raises(ImageError, match="runs in the image") as raised:
        choose_engine("native", obstacle=OBSTACLE, needs_native=None)
    assert raised.value.hint == "use `--engine docker`"


@pytest.mark.parametrize("name", ["auto", "native"])
def test_an_image_that_no_engine_can_make_and_bring_there_is_refused(name: str) -> None:
    with pytest.raises(ImageError, match=r"`--output oci:x` needs the native engine, .* runs in the image"):
        choose_engine(name, obstacle=OBSTACLE, needs_native=WISH)


def test_docker_brings_an_image_to_its_engine_alone() -> None:
    with pytest.raises(UsageError, match="`--output oci:x` needs the native engine"):
        choose_engine("docker", obstacle=None, needs_native=WISH)


@pytest.mark.parametrize("name", RUNNERS)
def test_each_engine_that_runs_a_containerfile_is_taken_by_its_name(name: str) -> None:
    assert choose_engine(name, obstacle=OBSTACLE, needs_native=None) == (name, "asked for")


def test_engines_of_other_packages_are_taken_by_their_names() -> None:
    assert choose_engine("kaniko", obstacle=None, needs_native=None, others=["kaniko"])[0] == "kaniko"


def test_auto_takes_what_is_at_hand_to_run_a_containerfile() -> None:
    assert choose_engine("auto", obstacle=OBSTACLE, needs_native=None, at_hand="podman") == ("podman", OBSTACLE)


def test_an_engine_with_a_storage_of_its_own_brings_no_image_to_docker() -> None:
    with pytest.raises(UsageError, match="podman keeps images in a storage of its own"):
        refuse_foreign_storage("podman", "docker")
    refuse_foreign_storage("podman", None)
    refuse_foreign_storage("buildx", "docker")
    with pytest.raises(UsageError, match="docker keeps images in a storage of its own"):
        refuse_foreign_storage("docker", "podman")
    refuse_foreign_storage("buildah", "podman")


def test_other_names_are_a_wrong_argument() -> None:
    with pytest.raises(UsageError, match="`kaniko` is no engine"):
        choose_engine("kaniko", obstacle=None, needs_native=None)
