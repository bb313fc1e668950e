"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.store.archive.new_file import new_file, new_folder
from tests.store.processes import ROOT


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_has_its_content_and_the_umasks_mode(tmp_path: Path, umask_077: None) -> None:
    with new_file(tmp_path / "deep" / "file") as stream:
        stream.write(b"content")
        assert names(tmp_path / "deep") in ([], [stream.name])
    assert (tmp_path / "deep" / "file").read_bytes() == b"content"
    assert (tmp_path / "deep" / "file").stat().st_mode & 0o777 == 0o600


def _fail_while_writing(path: Path) -> None:
    with new_file(path) as stream:
        stream.write(b"new")
        assert path.read_bytes() == b"old"
        raise RuntimeError


def _fail_while_filling(path: Path) -> None:
    with new_folder(path) as draft:
        (draft / "a").touch()
        raise RuntimeError


def test_until_the_block_ends_the_old_file_is_there_and_after_an_error_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(RuntimeError):
        _fail_while_writing(path)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]
    with new_file(path) as stream:
        stream.write(b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["file"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with new_folder(tmp_path / "folder") as draft:
        (draft / "a").touch()
        assert not (tmp_path / "folder").exists()
    assert names(tmp_path / "folder") == ["a"]
    with pytest.raises(RuntimeError):
        _fail_while_filling(tmp_path / "other")
    assert names(tmp_path) == ["folder"]


def test_a_writer_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from ekiben.store.archive.new_file import new_file\n"
        "with new_file(Path(sys.argv[1])) as stream:\n"
        "    stream.write(bytes(10**6))\n"
        "    stream.flush()\n"
        "    print('written', flush=True)\n"
        "    time.sleep(600)\n"
    )
    (tmp_path / "file").write_bytes(b"old")
    command = [sys.executable, "-c", script, str(tmp_path / "file")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "written\n"
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert (tmp_path / "file").read_bytes() == b"old"
    left = names(tmp_path)
    assert left == ["file"] or not hasattr(os, "O_TMPFILE")
