"""Programs of others that read and write what lies in registries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest


def files_in(folder: Path) -> Mapping[str, bytes]:
    """Every file below `folder`, with its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def skopeo(*arguments: str) -> str:
    """What skopeo says."""
    program = shutil.which("skopeo")
    if program is None:
        pytest.skip("no skopeo")
    command = [program, "--insecure-policy", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def modelpack(*arguments: str | Path) -> str:
    """What the command line of modelpack-client says."""
    command = [sys.executable, "-m", "modelpack_client", "--insecure", *map(str, arguments)]
    environ = {**os.environ, "NO_PROXY": "localhost"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
