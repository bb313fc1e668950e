"""The source is copied as it was selected, and stays so."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import DescriptionError, SelectionError
from ekiben.packager.selection.selection import select_files
from ekiben.packager.selection.staging import stage_source
from ekiben.report import SilentReporter


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two files to copy."""
    folder = tmp_path / "source"
    (folder / "pkg").mkdir(parents=True)
    (folder / "service.py").write_text("x = 1\n")
    (folder / "pkg/data.bin").write_bytes(bytes(range(256)))
    return folder


def test_files_are_copied_byte_for_byte(source: Path, tmp_path: Path) -> None:
    (source / "link.py").symlink_to("service.py")
    staged = stage_source(select_files(source, ["*"]), tmp_path / "copy", SilentReporter())
    assert (staged.folder / "pkg/data.bin").read_bytes() == bytes(range(256))
    assert (staged.folder / "link.py").read_text() == "x = 1\n"
    assert not (staged.folder / "link.py").is_symlink()


@pytest.mark.parametrize("change", ["rewrite", "replace", "remove"])
def test_a_file_that_changed_since_it_was_selected_is_an_error(source: Path, tmp_path: Path, change: str) -> None:
    selection = select_files(source, ["*"])
    file = source / "service.py"
    match change:
        case "rewrite":
            file.write_text("x = 22\n")
        case "replace":
            (source / "new").write_text("x = 1\n")
            (source / "new").rename(file)
        case _:
            file.unlink()
    with pytest.raises(SelectionError, match=r"`service\.py` (changed while|cannot be read)"):
        stage_source(selection, tmp_path / "copy", SilentReporter())


def test_what_the_service_wrote_on_import_is_taken_out_again(source: Path, tmp_path: Path) -> None:
    staged = stage_source(select_files(source, ["*"]), tmp_path / "copy", SilentReporter())
    (staged.folder / "service.log").write_text("hello")
    (staged.folder / "loop").symlink_to(".")
    assert staged.restore() == ("loop", "service.log")
    assert staged.restore() == ()


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_a_service_that_changes_its_own_files_is_an_error(source: Path, tmp_path: Path, change: str) -> None:
    staged = stage_source(select_files(source, ["*"]), tmp_path / "copy", SilentReporter())
    file = staged.folder / "pkg/data.bin"
    file.write_bytes(b"") if change == "edit" else file.unlink()
    with pytest.raises(DescriptionError, match=r"changed its own file `pkg/data\.bin`"):
        staged.restore()
