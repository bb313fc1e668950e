"""Where a finished image goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import EkibenError, UsageError
from ekiben.packager.image.native.outputs import Output, parse_output


@pytest.mark.parametrize(
    ("text", "output"),
    [
        (None, Output("engine")),
        ("docker", Output("engine")),
        ("oci:images", Output("layout", Path("images"))),
        ("oci:images:v1", Output("layout", Path("images"), "v1")),
        ("docker-archive:/x/image.tar", Output("archive", Path("/x/image.tar"))),
    ],
)
def test_a_place_is_read(text: str | None, output: Output) -> None:
    assert parse_output(text, pushes=False) == output
    assert output.needs_native == (output.kind != "engine")


def test_pushing_is_a_place_of_its_own() -> None:
    assert parse_output(None, pushes=True) == Output("registry")
    with pytest.raises(UsageError, match="name two places"):
        parse_output("oci:images", pushes=True)


@pytest.mark.parametrize("text", ["", "images", "oci:", "docker-archive:", "tar:x", "oci:images:-"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(EkibenError):
        parse_output(text, pushes=False)
