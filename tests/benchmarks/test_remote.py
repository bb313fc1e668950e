"""The comparison of remotes, with models as small as they can be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_comparison_prints_a_row_for_each_thing() -> None:
    if not shutil.which("skopeo"):
        pytest.skip("no skopeo")
    small = ("--size", "3", "--rounds", "1", "--kills", "1", "--kill-size", "3")
    command = [sys.executable, "-m", "benchmarks.remote.compare", str(Path(sys.executable).parent), *small]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, *rows = [line.count("|") for line in done.stdout.splitlines() if line.startswith("|")]
    assert rows == [first] * 12
