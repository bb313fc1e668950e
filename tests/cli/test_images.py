"""Images on the command line: platforms, and how much of an engine's output is passed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.cli.images import engine_progress
from ekiben.settings import Setting, Settings
from ekiben.store.local import Store
from tests.cli.conftest import Run
from tests.packager.small_bento import small_bento


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


def test_a_build_makes_the_image_of_one_platform_and_says_how_to_make_more(run: Run) -> None:
    done = run("build", "--containerize", "--platform", "linux/amd64", "--platform", "linux/arm64")
    assert (done.returncode, done.stdout) == (2, "")
    assert "`ekiben containerize TAG --platform all`" in done.stderr


@pytest.mark.parametrize("text", ["linux/vax/", "amd64", "linux/amd64,"])
def test_what_is_no_platform_is_a_wrong_argument(run: Run, store: Store, text: str) -> None:
    bento = small_bento(store)
    done = run("containerize", str(bento.tag), "--platform", text, "--print")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is no platform of an image" in done.stderr


def test_one_containerfile_is_printed_for_all_platforms(run: Run, store: Store) -> None:
    bento = small_bento(store, platforms=("linux/amd64", "linux/arm64"))
    done = run("containerize", str(bento.tag), "--platform", "all", "--print")
    assert done.stdout == run("containerize", str(bento.tag), "--print").stdout != ""
