"""The describing process, run for real."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ekiben.serving.exit_status import EXIT_EXPLAINED

SERVICE = '''
import ekiben
import sys
import threading
import time
from pydantic import BaseModel

print("talk on stdout")
threading.Thread(target=time.sleep, args=(600,)).start()

class Item(BaseModel):
    price: float
    tags: set[str] = {"c", "a", "b"}

@ekiben.service(workers="cpu_count", traffic={"timeout": 5}, resources={"cpu": "2"})
class Shop:
    """Sells things."""

    model = ekiben.models.BentoModel("iris:latest")
    same = ekiben.models.BentoModel("iris")
    words = ekiben.models.HuggingFaceModel("org/Words", "v1", exclude=["*.bin"])

    def __init__(self):
        raise RuntimeError("never instantiated")

    @ekiben.api(batchable=True)
    def prices(self, items: list[Item]) -> list[float]:
        """What they cost."""
        return [item.price for item in items]
'''


def describe(root: Path, target: str, output: Path, seed: str = "0") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ekiben.serving.describe"]
    command += ["--root", str(root), "--service", target, "--output", str(output)]
    environ = os.environ | {"PYTHONHASHSEED": seed, "EKIBEN_HOME": str(root / "no-store")}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ, cwd=root, check=False)


def described(root: Path, target: str = "service:Shop") -> dict[str, Any]:
    done = describe(root, target, root / "out.json")
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads((root / "out.json").read_text())
    return document


def test_a_service_is_described_without_being_instantiated_or_finding_its_models(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE)
    document = described(tmp_path)
    (service,) = document["services"]
    models = ["iris:latest", "hf:org/Words@v1?exclude=*.bin"]
    assert (document["entry"], document["models"]) == ("Shop", models)
    assert (service["name"], service["service"]) == ("Shop", "service:Shop")
    assert service["config"] == {"workers": "cpu_count", "traffic": {"timeout": 5}, "resources": {"cpu": "2"}}
    assert [one["route"] for one in service["endpoints"]] == ["/prices"]
    assert list(document["openapi"]["paths"]) == ["/prices"]
    assert document["schema"]["routes"][0]["batchable"] is True
    assert not (tmp_path / "no-store").exists()


def test_what_the_service_prints_stays_out_of_stdout_and_its_threads_hold_nothing_up(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE)
    done = describe(tmp_path, "service:Shop", tmp_path / "out.json")
    assert (done.stdout, done.stderr) == ("", "talk on stdout\n")
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["out.json", "service.py"]


def test_the_description_is_the_same_every_time(tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text(SERVICE)
    for number in range(2):
        describe(tmp_path, "service:Shop", tmp_path / f"{number}.json")
    assert (tmp_path / "0.json").read_bytes() == (tmp_path / "1.json").read_bytes()


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("raise ValueError('wrong')\n", "ValueError: wrong", 1),
        ("\nimport sys\nsys.exit(0)\n", "ends the process", 3),
        ("def broken(:\n", "SyntaxError", 1),
    ],
)
def test_a_service_that_cannot_be_imported_is_explained_with_file_and_line(
    tmp_path: Path, text: str, message: str, line: int
) -> None:
    (tmp_path / "service.py").write_text(text)
    done = describe(tmp_path, "service", tmp_path / "out.json")
    error = json.loads((tmp_path / "out.json").read_text())["error"]
    assert done.returncode == EXIT_EXPLAINED
    assert message in error["message"]
    assert (error["file"], error["line"]) == (str(tmp_path / "service.py"), line)
    assert "Traceback" in error["traceback"] or "SyntaxError" in error["traceback"]


def test_a_declaration_that_is_refused_names_the_line_of_the_declaration(tmp_path: Path) -> None:
    text = (
        "import ekiben\n\n@ekiben.service\nclass A:\n    @ekiben.api(batchable=True)\n    def run(self, x: int): ...\n"
    )
    (tmp_path / "service.py").write_text(text)
    describe(tmp_path, "service", tmp_path / "out.json")
    error = json.loads((tmp_path / "out.json").read_text())["error"]
    assert error["message"].startswith(f"{tmp_path / 'service.py'}:5: ")
    assert (error["file"], error["line"]) == (str(tmp_path / "service.py"), 5)
    assert error["hint"]
