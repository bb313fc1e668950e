"""A resolver's process ends with us, whatever ends us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.child import run_child

# A child that starts a grandchild, tells both numbers in a file, and ignores SIGTERM.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open("pids.new", "w").write(f"{os.getpid()} {grandchild.pid}")
os.rename("pids.new", "pids")
time.sleep(60)
"""
CALLER = """
import os, sys
from pathlib import Path
from ekiben.packager.lock.child import run_child
run_child([sys.executable, "-c", sys.argv[1]], cwd=Path(sys.argv[2]), environ=os.environ, timeout_s=60)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def soon_ended(pids: list[int]) -> bool:
    """Whether all are gone; a process that was killed needs a moment for it."""
    deadline = time.monotonic() + 20
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not any(map(is_running, pids))


def pids_in(folder: Path) -> list[int]:
    deadline = time.monotonic() + 20
    while not (folder / "pids").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return [int(one) for one in (folder / "pids").read_text().split()]


def test_status_and_words_are_given(tmp_path: Path) -> None:
    script = "import sys, tempfile; print('no'); print(tempfile.gettempdir(), file=sys.stderr); sys.exit(3)"
    done = run_child([sys.executable, "-c", script], cwd=tmp_path, environ=os.environ, timeout_s=30)
    assert (done.status, done.said.strip()) == (3, str(tmp_path / "tmp"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_child_over_its_time_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="did not end within 4 s"):
        run_child([sys.executable, "-c", STUBBORN], cwd=tmp_path, environ=os.environ, timeout_s=4)
    assert soon_ended(pids_in(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_ends_the_child_and_its_children(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", CALLER, STUBBORN, tmp_path], stderr=subprocess.PIPE) as caller:
        pids = pids_in(tmp_path)
        caller.send_signal(signal.SIGINT)
        _, said = caller.communicate(timeout=20)
    assert b"KeyboardInterrupt" in said
    assert soon_ended(pids)
