"""An engine that another package brings: installed by pip, chosen by its name on the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ekiben.store.local import Store
from tests.packager.small_bento import make_wheel, small_bento

ENTRY_POINTS = "[ekiben.engines]\nkiln = kiln:Kiln\n"
MODULE = """\
from ekiben.errors import EngineFailed
from ekiben.packager.image.engines.engine import BuildJob, BuiltImage, Engine, ImageLayer


class Kiln(Engine):
    def __init__(self, environ):
        self.environ = environ

    def check(self):
        return f"kiln 1.0 ({self.environ['KILN']})"

    def build(self, job: BuildJob, reporter):
        if ("fire", "out") in job.options:
            raise EngineFailed("the fire is out", hint="light it")
        reporter.output(job.containerfile.read_text().splitlines()[0])
        assert (job.context / "bento/bento.yaml").is_file()
        assert all(secret.path.is_file() for secret in job.secrets)
        layers = (ImageLayer("baked", 7),)
        return BuiltImage(id="sha256:0", references=job.references, size_bytes=7, layers=layers, engine="kiln")
"""


@pytest.fixture
def environ(store: Store, tmp_path: Path) -> dict[str, str]:
    """An environment with the package in it."""
    files = {"kiln.py": MODULE, "kiln-1.0.dist-info/entry_points.txt": ENTRY_POINTS}
    wheel, place = make_wheel(tmp_path, "kiln", "1.0", files), tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(place)]
    subprocess.run([*pip, str(wheel)], check=True)
    named = {"EKIBEN_HOME": str(store.home), "PYTHONPATH": str(place), "KILN": "in the yard", "PIP_NO_INDEX": "1"}
    return {**os.environ, **named}


def containerize(
    store: Store, environ: dict[str, str], engine: str, *arguments: str
) -> subprocess.CompletedProcess[str]:
    """The command for a small Bento."""
    command = [sys.executable, "-m", "ekiben.cli", "containerize", str(small_bento(store).tag), "--engine", engine]
    return subprocess.run([*command, *arguments], env=environ, capture_output=True, text=True, check=False)


def test_it_is_given_the_job_and_its_image_is_reported(store: Store, environ: dict[str, str]) -> None:
    done = containerize(store, environ, "kiln", "--image-tag", "a:1", "--image-tag", "b:1")
    assert (done.returncode, done.stdout) == (0, "a:1\nb:1\n"), done.stderr
    assert "building with kiln 1.0 (in the yard)" in done.stderr
    assert "# The image of the Bento small." in done.stderr


def test_its_failures_are_told_as_ours_are(store: Store, environ: dict[str, str]) -> None:
    done = containerize(store, environ, "kiln", "--opt", "fire=out")
    assert (done.returncode, done.stdout) == (1, "")
    assert "the fire is out" in done.stderr
    assert "light it" in done.stderr


def test_it_is_among_the_engines_that_there_are(store: Store, environ: dict[str, str]) -> None:
    done = containerize(store, environ, "oven")
    assert done.returncode == 2
    assert "kiln" in done.stderr
