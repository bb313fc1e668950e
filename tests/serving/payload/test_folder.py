"""The folder of a call."""

import stat
from pathlib import Path

import pytest

from ekiben.serving.payload.folder import RequestFolder


def test_a_folder_is_made_once_for_this_user_only_and_removed_whole() -> None:
    with RequestFolder() as folder:
        path = folder.path
        (path / "deep").mkdir()
        (path / "deep" / "file").write_text("x")
        assert folder.path == path
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert not path.exists()


def test_it_is_removed_after_a_failure_too() -> None:
    seen: list[Path] = []

    def fail() -> None:
        with RequestFolder() as folder:
            seen.append(folder.path)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not seen[0].exists()
