"""`load`: a service as an object, from a project's folder or a Bento's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ekiben.errors import BentoNotFound
from ekiben.serving.loading import load
from tests.serving.server_process import environment, write_service

SOURCE = """
import ekiben


@ekiben.service
class Adder:
    @ekiben.api
    def add(self, x: int) -> int:
        return x + 1
"""


def test_a_service_of_a_project_is_loaded_and_made(tmp_path: Path) -> None:
    (tmp_path / "loaded_here.py").write_text(SOURCE)
    service = load("loaded_here:Adder", working_dir=tmp_path)
    assert (service.name, service().add(2)) == ("Adder", 3)


def test_a_bento_becomes_the_loaded_one(tmp_path: Path) -> None:
    write_service(tmp_path / "bento" / "src", SOURCE)
    content = {"service": "service:Adder", "name": "adder", "services": [{"name": "Adder", "service": "service:Adder"}]}
    (tmp_path / "bento" / "bento.yaml").write_text(yaml.safe_dump(content))
    program = "import ekiben, os, sys; print(ekiben.load(sys.argv[1])().add(1), os.environ['EKIBEN_BENTO'])"
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "bento")],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    assert ended.stdout.split() == ["2", str(tmp_path / "bento")]


def test_a_bento_that_is_not_there_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EKIBEN_HOME", str(tmp_path))
    with pytest.raises(BentoNotFound):
        load("nothing:latest", working_dir=tmp_path)
