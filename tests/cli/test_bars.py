"""Progress on a terminal: a process of its own behind a pseudo-terminal, read as it draws."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, time
from ekiben.cli.console import make_reporter

reporter = make_reporter("normal", sys.argv[1])
with reporter.task("pulling [iris]", 64 * 1024**2) as task:
    for _ in range(32):
        task.advance(1024**2)
        time.sleep(0.02)
    reporter.info("a line meanwhile")
    time.sleep(0.3)
with reporter.task("checking models", 40, "models") as task:
    for _ in range(20):
        task.advance(1)
        time.sleep(0.02)
    time.sleep(0.2)
reporter.info("done")
"""
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def drawn(program: Path, progress: str, columns: int = 100) -> str:
    """What a terminal of so many columns is sent."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "24"}
    process = subprocess.Popen([sys.executable, str(program), progress], stderr=theirs, env=environ)
    os.close(theirs)
    pieces = []
    try:
        while piece := os.read(ours, 65536):
            pieces.append(piece)
    except OSError:  # Linux's word for the end of a terminal
        pass
    os.close(ours)
    assert process.wait() == 0
    return b"".join(pieces).decode()


def test_a_bar_tells_amount_rate_and_remaining_time_and_goes_away(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    sent = drawn(program, "auto")
    text = _CONTROL.sub("", sent)
    assert re.search(r"pulling \[iris\] .*32\.0 MiB of 64\.0 MiB \(50 %\)  [0-9.]+ MiB/s  \d+ s left", text)
    assert re.search(r"checking models .*20 of 40 models \(50 %\)  [0-9.]+/s  \d+ s left", text)
    assert "a line meanwhile" in text
    assert sent.rstrip().endswith("done")
    assert "\x1b[2K" in sent, "the bars are not wiped"
    assert "\x1b[?25h" in sent, "the cursor stays hidden"


def test_a_narrow_terminal_gets_the_figures_and_a_shorter_name(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.replace("pulling [iris]", "pulling " + "a-very-long-name" * 8))
    text = _CONTROL.sub("", drawn(program, "auto", columns=80))
    assert "32.0 MiB of 64.0 MiB (50 %)" in text
    assert "\u2026" in text


def test_a_terminal_that_asked_for_plain_lines_gets_no_bars(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    assert "\x1b" not in drawn(program, "plain")
