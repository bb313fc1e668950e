"""Where a finished image goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import EkibenError, UsageError
from ekiben.packager.image.native.outputs import Output, parse_output, refuse_platforms


@pytest.mark.parametrize(
    ("text", "output"),
    [
        (None, Output("engine")),
        ("docker", Output("engine")),
        ("podman", Output("podman")),
        ("oci:images", Output("layout", Path("images"))),
        ("oci:images:v1", Output("layout", Path("images"), "v1")),
        ("docker-archive:/x/image.tar", Output("archive", Path("/x/image.tar"))),
    ],
)
def test_a_place_is_read(text: str | None, output: Output) -> None:
    assert parse_output(text, pushes=False) == output
    assert output.needs_native == (output.kind not in ("engine", "podman"))


def test_nothing_asked_for_is_what_is_at_hand() -> None:
    assert parse_output(None, pushes=False, default="podman") == Output("podman")
    assert parse_output("docker", pushes=False, default="podman") == Output("engine")


@pytest.mark.parametrize(
    ("output", "place"),
    [
        (Output("engine"), "the Docker engine"),
        (Output("podman"), "podman's storage"),
        (Output("archive", Path("image.tar")), "an archive for Docker"),
    ],
)
def test_what_holds_one_platform_takes_no_more(output: Output, place: str) -> None:
    refuse_platforms(output, ["linux/arm64"])
    with pytest.raises(UsageError, match=f"{place} holds an image for one platform, and this is for `a`, `b`"):
        refuse_platforms(output, ["a", "b"])
    refuse_platforms(Output("registry"), ["a", "b"])


def test_pushing_is_a_place_of_its_own() -> None:
    assert parse_output(None, pushes=True) == Output("registry")
    with pytest.raises(UsageError, match="name two places"):
        parse_output("oci:images", pushes=True)


@pytest.mark.parametrize("text", ["", "images", "oci:", "docker-archive:", "tar:x", "oci:images:-"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(EkibenError):
        parse_output(text, pushes=False)
