"""Services as BentoML's documentation writes them: they run with their import lines changed, and answer alike."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compat.bentoml.example import Example, examples, ported
from tests.serving.server_process import environment, started

PAGE = Path(__file__).parents[3] / "docs/moving-from-bentoml.md"


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.folder.name)
def test_an_example_of_bentoml_answers_alike(example: Example, tmp_path: Path) -> None:
    project = example.port(tmp_path / example.folder.name)
    home = {"EKIBEN_HOME": str(tmp_path / "home")}
    if (project / "prepare.py").exists():
        subprocess.run([sys.executable, "prepare.py"], cwd=project, env=environment(**home), check=True)
    with started(project, example.target, "--root", str(project), "-p", "0", environ=home) as server:
        assert example.ask(server.url) == example.expected()


def test_only_import_lines_are_changed() -> None:
    for example in examples():
        for file in example.folder.rglob("service.py"):
            before, after = file.read_text().splitlines(), ported(file.read_text()).splitlines()
            changed = [old for old, new in zip(before, after, strict=True) if old != new]
            assert changed
            assert all(re.match(r"(import|from) bentoml", line) for line in changed)


@pytest.mark.parametrize("example", examples(), ids=lambda one: one.folder.name)
def test_what_is_answered_otherwise_is_written_down(example: Example) -> None:
    page = " ".join(PAGE.read_text().split())
    for difference in example.differences().values():
        assert difference.why in page
