"""A child process: its lines as they come, and its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ekiben.packager.image.engines.streaming import run_streaming


def test_lines_arrive_while_the_child_runs_in_order_and_its_status_after(tmp_path: Path) -> None:
    lines: list[tuple[str, float]] = []
    command = ["sh", "-c", "echo one; echo two >&2; sleep 0.3; pwd; exit 7"]
    status = run_streaming(command, tmp_path, os.environ, lambda line: lines.append((line, time.monotonic())))
    assert [line for line, _ in lines] == ["one", "two", str(tmp_path)]
    assert lines[2][1] - lines[1][1] > 0.2
    assert status == 7


def test_bytes_that_are_no_text_do_not_end_the_stream(tmp_path: Path) -> None:
    lines: list[str] = []
    run_streaming(["printf", r"a\377b\r\nc"], tmp_path, os.environ, lines.append)
    assert lines == ["a\ufffdb", "c"]


def test_ctrl_c_ends_the_child_and_waits_for_it(tmp_path: Path) -> None:
    command = ["sh", "-c", "trap 'echo stopped > told; exit 1' TERM; echo ready; while :; do sleep 0.1; done"]

    def interrupt(line: str) -> None:
        assert line == "ready"
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(KeyboardInterrupt):
        run_streaming(command, tmp_path, os.environ, interrupt)
    assert (tmp_path / "told").read_text() == "stopped\n"


def test_an_error_while_listening_ends_the_child(tmp_path: Path) -> None:
    program = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    pids: list[int] = []

    def fail(line: str) -> None:
        pids.append(int(line))
        raise RuntimeError(line)

    with pytest.raises(RuntimeError):
        run_streaming([sys.executable, "-c", program], tmp_path, os.environ, fail)
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_the_child_of_a_killed_process_is_told_to_end(tmp_path: Path) -> None:
    told = "trap 'echo stopped > told; exit 1' TERM; echo ready; while :; do sleep 0.1; done"
    words = [
        f"['sh', '-c', {told!r}]",
        f"Path({str(tmp_path)!r})",
        "os.environ",
        "lambda line: print(line, flush=True)",
    ]
    imports = "import os\nfrom pathlib import Path\nfrom ekiben.packager.image.engines.streaming import run_streaming\n"
    program = f"{imports}run_streaming({', '.join(words)})"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
    until_s = time.monotonic() + 10
    while not (tmp_path / "told").exists() and time.monotonic() < until_s:
        time.sleep(0.02)
    assert (tmp_path / "told").exists()
