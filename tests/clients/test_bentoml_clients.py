"""BentoML 1.4.39's own `SyncHTTPClient` and `AsyncHTTPClient`, unchanged, on our server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ekiben.clients.server import Server
from tests.serving.server_process import environment

PROGRAM = Path(__file__).with_name("bentoml_program.py")


@pytest.fixture(scope="module")
def said(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What BentoML's clients say that our server gave them."""
    folder = tmp_path_factory.mktemp("bentoml")
    environ = environment(BENTOML_HOME=str(folder / "home"), BENTOML_DO_NOT_TRACK="true")
    command = [sys.executable, "-W", "ignore", str(PROGRAM), server.url, str(folder)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_json_arrays_and_frames_pass(said: dict[str, Any]) -> None:
    sync = said["sync"]
    assert sync["greet"] == "hello ada hello ada"
    assert sync["double"] == ["ndarray", [0, 2, 4]]
    assert sync["shout"] == "QUITE"
    assert sync["move"] == {"x": 3, "y": 0}
    assert sync["total"] == ["DataFrame", [4, 6]]
    assert said["async"]["double"] == [0, 2]


def test_files_and_images_pass(said: dict[str, Any]) -> None:
    sync = said["sync"]
    assert sync["upper"] == "ABC"
    assert sync["sizes"] == [3, 3]
    assert sync["grey"] == ["L", [2, 2], [3, 3]]
    assert sync["raw"] == [0, 0]


def test_streams_pass(said: dict[str, Any]) -> None:
    assert said["sync"]["words"] == said["async"]["words"] == ["eins", "zwei"]
    assert said["sync"]["counts"] == [{"number": 0}, {"number": 1}]


def test_tasks_pass(said: dict[str, Any]) -> None:
    assert said["async"]["task"] == [True, "completed", 4, True]


def test_errors_are_those_of_bentoml_with_our_words(said: dict[str, Any]) -> None:
    sync = said["sync"]
    assert (sync["missing"][0], "no such thing" in sync["missing"][1]) == ("NotFound", True)
    assert (sync["fail"][0], "internal server error" in sync["fail"][1]) == ("BentoMLException", True)
    assert "secret" not in sync["fail"][1]
    assert (sync["bad"][0], "rows" in sync["bad"][1]) == ("InvalidArgument", True)
