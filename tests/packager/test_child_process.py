"""A child process and all that it started end with the block."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekiben.packager.child_process import child_process, wait_for_end

PATIENCE_S = 20.0


@contextmanager
def shell(script: str, folder: Path, grace_s: float) -> Iterator[subprocess.Popen[str]]:
    command = ["sh", "-c", script]
    with child_process(
        command, cwd=folder, environ=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, grace_s=grace_s
    ) as child:
        yield child


def first_line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_a_child_in_its_grace_can_tidy_up(tmp_path: Path) -> None:
    script = "trap 'echo bye > told; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    with shell(script, tmp_path, PATIENCE_S) as child:
        assert first_line(child) == "ready"
    assert (child.returncode, (tmp_path / "told").read_text()) == (3, "bye\n")


@pytest.mark.parametrize("grace_s", [0.0, 0.2])
def test_a_child_that_ignores_being_asked_is_killed(tmp_path: Path, grace_s: float) -> None:
    started = time.monotonic()
    with shell("trap '' TERM; echo ready; while :; do sleep 0.05; done", tmp_path, grace_s) as child:
        assert first_line(child) == "ready"
    assert child.returncode == -9
    assert time.monotonic() - started < PATIENCE_S


@pytest.mark.parametrize("grace_s", [0.0, PATIENCE_S])
def test_what_an_ended_child_left_running_ends_too(tmp_path: Path, grace_s: float) -> None:
    os.mkfifo(tmp_path / "alive")
    started = time.monotonic()
    with shell(f"sleep {PATIENCE_S} > alive & exit 0", tmp_path, grace_s) as child:
        alive = (tmp_path / "alive").open()
        child.wait()
    with alive:
        assert alive.read() == ""  # the end comes when nobody has it open for writing
    assert time.monotonic() - started < PATIENCE_S / 2


def test_the_end_of_a_child_is_waited_for_and_no_longer_than_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gate")
    with shell("read line < gate; exit 5", tmp_path, 0.0) as child:
        with pytest.raises(subprocess.TimeoutExpired):
            wait_for_end(child, 0.05)
        (tmp_path / "gate").write_text("open\n")
        assert wait_for_end(child, PATIENCE_S) == 5
        assert wait_for_end(child, PATIENCE_S) == 5  # also when it has been reaped
