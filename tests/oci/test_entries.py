"""Entries that exist can be in a layer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.errors import ImageError
from ekiben.oci.entries import Content, Entry, FilePart, ZipPart


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b", "a\udcff"])
def test_a_path_that_no_layer_can_hold_is_refused(path: str) -> None:
    with pytest.raises(ImageError):
        Entry.file(path, b"")


@pytest.mark.parametrize("path", [".wh.b", "a/.wh..wh..opq", ".wh.a/b"])
def test_a_name_that_would_delete_files_of_lower_layers_is_refused(path: str) -> None:
    with pytest.raises(ImageError, match="deletes"):
        Entry.file(path, b"")


@pytest.mark.parametrize("path", ["...", "a/..b", ".wheel", "a b", "ä/ö"])
def test_paths_that_only_look_odd_are_taken(path: str) -> None:
    assert Entry.file(path, b"").path == path


@pytest.mark.parametrize("target", ["a\0b", "\udcff"])
def test_a_target_that_no_link_can_have_is_refused(target: str) -> None:
    with pytest.raises(ImageError, match="target of `a`"):
        Entry.link("a", target)


def test_fields_that_do_not_fit_the_kind_are_refused() -> None:
    makers: tuple[Callable[[], Entry], ...] = (
        lambda: Entry("a", "file"),
        lambda: Entry("a", "folder", 0o755, b""),
        lambda: Entry("a", "link"),
        lambda: Entry("a", "file", content=b"", target="b"),
        lambda: Entry("a", "folder", 0o644),
        lambda: Entry.file("a", b"", 0o100644),
    )
    for make in makers:
        with pytest.raises(ValueError, match=r": a$"):
            make()


def test_an_entry_knows_the_size_of_its_content_without_reading_it(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"0123456789")
    sizes: dict[Content, int] = {
        b"abc": 3,
        FilePart(file): 10,
        FilePart(file, offset=4): 6,
        FilePart(file, offset=4, size=2): 2,
        FilePart(file, offset=11): 0,
        ZipPart(file, "member", 7): 7,
    }
    assert [Entry.file("a", content).size_bytes for content in sizes] == list(sizes.values())
    assert Entry.link("a", "b").size_bytes == Entry.folder("a").size_bytes == 0
