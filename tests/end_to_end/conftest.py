"""A new user's machine: a wheel of the checkout installed in a fresh environment, outside the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.machine import ROOT, Machine


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a fresh environment with ekiben's wheel and scikit-learn."""
    work = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", work, ROOT], check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
    pip = [str(work / "venv/bin/python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, str(next(work.glob("*.whl"))), "scikit-learn"], check=True)
    return work / "venv/bin"


@pytest.fixture
def machine(environment: Path, tmp_path: Path) -> Machine:
    """A machine with an empty store."""
    folder = tmp_path / "work"
    folder.mkdir()
    return Machine(environment, tmp_path / "home", folder)
