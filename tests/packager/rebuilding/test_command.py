"""`ekiben build` from a shell, again and again: each a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path


def build(project: Path, home: Path, *options: str) -> tuple[str, str]:
    """The tag that it prints, and what it says."""
    time.sleep(0.15)  # what was written is older than the clock's tick
    done = subprocess.run(
        [sys.executable, "-m", "ekiben.cli.main", "--verbose", "build", *options, str(project)],
        env={**os.environ, "EKIBEN_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip(), done.stderr


def test_a_build_is_done_when_something_has_changed_or_it_is_asked_for(project: Path, home: Path) -> None:
    home.mkdir()  # a store that is made by the build changes the folder that it lies in
    first, said = build(project, home)
    assert f"built {first}" in said
    again, said = build(project, home)
    assert again == first
    assert f"nothing has changed since {first} was built" in said
    anew, said = build(project, home, "--rebuild")
    assert anew == first
    assert f"built {first}" in said
    with (project / "service.py").open("a") as source:
        source.write("# edited\n")
    edited, said = build(project, home)
    assert edited != first
    assert f"changed since the last build: `{project / 'service.py'}`" in said
