"""Where the queue lies."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from ekiben.errors import StoreError
from ekiben.serving.tasks.place import queue_folder

UNWRITABLE = Path("/proc/1")  # for root, too


def test_it_lies_where_it_was_said_else_below_the_home(tmp_path: Path) -> None:
    assert queue_folder("/somewhere", tmp_path, "Iris") == Path("/somewhere")
    assert queue_folder(None, tmp_path / "not yet", "Iris") == tmp_path / "not yet" / "tasks" / "Iris"
    assert list(tmp_path.iterdir()) == []


def test_where_the_home_cannot_be_written_it_lies_among_temporary_files_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = queue_folder(None, UNWRITABLE, "Iris")
    assert folder.parent == tmp_path
    assert "EKIBEN_TASKS_PATH" in caplog.text


def test_a_temporary_folder_that_leads_elsewhere_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    queue_folder(None, UNWRITABLE, "Iris").symlink_to("/etc")
    with pytest.raises(StoreError, match="somebody else's"):
        queue_folder(None, UNWRITABLE, "Iris")
