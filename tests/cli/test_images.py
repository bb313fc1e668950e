"""How much of an engine's output is passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.cli.images import engine_progress
from ekiben.settings import Setting, Settings


@pytest.mark.parametrize(
    ("verbosity", "progress", "passed_on"),
    [
        ("normal", "auto", "auto"),
        ("verbose", "auto", "plain"),
        ("verbose", "quiet", "quiet"),
        ("normal", "json", "json"),
    ],
)
def test_verbose_passes_on_everything_unless_told_otherwise(verbosity: str, progress: str, passed_on: str) -> None:
    settings = Settings(Setting(Path("home")), verbosity=Setting(verbosity), progress=Setting(progress))
    assert engine_progress(settings) == passed_on
