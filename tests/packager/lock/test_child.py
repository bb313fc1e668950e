"""A resolver's process ends with us, whatever ends us."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.errors import LockError
from ekiben.packager.lock.child import run_child, run_children

# A child that ignores SIGTERM and has a child of its own. Both hold the pipe `alive` open as long as they live.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
held = os.open("alive", os.O_WRONLY)
os.set_inheritable(held, True)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
os.write(held, b"x")
time.sleep(60)
"""
CALLER = """
import os, sys
from pathlib import Path
from ekiben.packager.lock.child import run_child
run_child([sys.executable, "-c", sys.argv[1]], cwd=Path(sys.argv[2]), environ=os.environ, timeout_s=60)
"""


@pytest.fixture
def alive(tmp_path: Path) -> Iterator[int]:
    """The reading end of the pipe."""
    os.mkfifo(tmp_path / "alive")
    descriptor = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


def have_begun(alive: int) -> bool:
    """Whether both are there: waits for their word."""
    return bool(select.select([alive], [], [], 20)[0]) and os.read(alive, 1) == b"x"


def have_ended(alive: int) -> bool:
    """Whether both are gone: waits for the end of the pipe, which comes when nobody holds it."""
    return bool(select.select([alive], [], [], 20)[0]) and os.read(alive, 1) == b""


def test_status_and_words_are_given(tmp_path: Path) -> None:
    script = "import sys, tempfile; print('no'); print(tempfile.gettempdir(), file=sys.stderr); sys.exit(3)"
    done = run_child([sys.executable, "-c", script], cwd=tmp_path, environ=os.environ, timeout_s=30)
    assert (done.status, done.said.strip()) == (3, str(tmp_path / "tmp"))


def test_several_run_at_once_and_each_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")  # which opens for one when the other is there
    scripts = ('open("pipe", "w").write("x")', "import sys; sys.exit(len(open('pipe').read()))")
    commands = [[sys.executable, "-c", script] for script in scripts]
    done = run_children(commands, cwd=tmp_path, environ=os.environ, timeout_s=30)
    assert [one.status for one in done] == [0, 1]


def test_a_child_over_its_time_is_ended_with_its_children(tmp_path: Path, alive: int) -> None:
    with pytest.raises(LockError, match="did not end within 4 s"):
        run_child([sys.executable, "-c", STUBBORN], cwd=tmp_path, environ=os.environ, timeout_s=4)
    assert have_begun(alive)
    assert have_ended(alive)


def test_ctrl_c_ends_the_child_and_its_children(tmp_path: Path, alive: int) -> None:
    with subprocess.Popen([sys.executable, "-c", CALLER, STUBBORN, tmp_path], stderr=subprocess.PIPE) as caller:
        assert have_begun(alive)
        caller.send_signal(signal.SIGINT)
        _, said = caller.communicate(timeout=20)
    assert b"KeyboardInterrupt" in said
    assert have_ended(alive)
