"""How bases are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import EkibenError
from ekiben.packager.image.native.bases.naming import BaseName, is_place, split_place


@pytest.mark.parametrize(
    ("text", "kind", "path", "name"),
    [
        ("python:3.11-slim", "reference", None, "python:3.11-slim"),
        ("host:5000/base:1", "reference", None, "host:5000/base:1"),
        ("host", "host", None, None),
        ("oci:some/folder", "layout", Path("some/folder"), None),
        ("oci:some/folder:v1", "layout", Path("some/folder"), "v1"),
        ("oci:some/folder:iris:v1", "layout", Path("some/folder"), "iris:v1"),
        ("docker-archive:/x/base.tar", "archive", Path("/x/base.tar"), None),
        ("docker-archive:base.tar:a", "archive", Path("base.tar"), "a"),
        ("docker-daemon:a/b:1", "engine", None, "a/b:1"),
    ],
)
def test_a_base_is_named_by_its_place_or_by_reference(
    text: str, kind: str, path: Path | None, name: str | None
) -> None:
    found = BaseName.parse(text)
    assert (found.kind, found.path, found.name) == (kind, path, name)
    assert is_place(text) == (kind != "reference")


@pytest.mark.parametrize("text", ["", "oci:", "docker-daemon:", "docker-daemon:A b", "A b", "docker-archive:"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(EkibenError):
        BaseName.parse(text)


def test_only_what_others_can_reach_is_told_to_them() -> None:
    assert BaseName.parse("python:3.11").reference == "python:3.11"
    assert BaseName.parse("docker-daemon:mine:1").reference == "mine:1"
    assert BaseName.parse("oci:some/folder:v1").reference is None
    assert BaseName.parse("host").reference is None


def test_a_folder_with_a_colon_in_its_name_is_one_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    assert split_place(str(folder)) == (folder, None)
    assert split_place(f"{folder}:c") == (folder, "c")
    assert split_place(f"{folder}:example.org/iris:1") == (folder, "example.org/iris:1")
