"""Data on stdout."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from ekiben.cli.output import print_yaml


def test_yaml_is_never_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "word " * 50 + "end"
    print_yaml([{"description": sentence, "lines": "one\ntwo\n"}])
    assert capsys.readouterr().out == f"- description: {sentence}\n  lines: |\n    one\n    two\n"


def test_a_table_on_a_terminal_cuts_nothing() -> None:
    leader, follower = pty.openpty()
    code = "from ekiben.cli.output import print_table; print_table(('File', 'Size'), [('x' * 100, 'y' * 50)])"
    subprocess.run([sys.executable, "-c", code], stdout=follower, env={**os.environ, "COLUMNS": "40"}, check=True)
    os.close(follower)
    drawn = os.read(leader, 10_000).decode()
    os.close(leader)
    assert (drawn.count("x"), drawn.count("y")) == (100, 50)
