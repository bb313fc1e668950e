"""What is written down of services that depend on one another, and how one of them is found again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.serving.composition.composed_service import SOURCE
from tests.serving.server_process import environment, serving, write_service

PAIR = """
import ekiben


@ekiben.service
class Stage:
    @ekiben.api
    def run(self) -> int:
        return 1


@ekiben.service
class Caller:
    stage = ekiben.depends(Stage)

    @ekiben.api
    def run(self) -> int:
        return self.stage.run()
"""


def test_every_service_is_described_with_what_it_needs(tmp_path: Path) -> None:
    project = write_service(tmp_path, SOURCE)
    command = ["--root", str(project), "--service", "service:Caller", "--output", str(tmp_path / "out.json")]
    subprocess.run([sys.executable, "-m", "ekiben.serving.describe", *command], check=True, env=environment())
    services = json.loads((tmp_path / "out.json").read_text())["services"]
    assert [(one["name"], one["service"], one["dependencies"]) for one in services] == [
        ("Caller", "service:Caller", ["Stage"]),
        ("Stage", "service:Stage", []),
    ]
    assert "/rows" in [route["route"] for route in services[1]["endpoints"]]


def test_the_configuration_of_each_is_printed_and_in_force(tmp_path: Path) -> None:
    project = write_service(tmp_path, PAIR)
    (project / "ekiben.yaml").write_text("services: {Stage: {workers: 2}}")
    with serving(project, "--service", "Caller", environ={"EKIBEN_SERVICE_STAGE_URL": "http://127.0.0.1:9"}) as server:
        assert "with `Stage` elsewhere" in server.output()
    printed = subprocess.run(
        [sys.executable, "-m", "ekiben.serving", "service:Caller", "--root", str(project), "--print-config"],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    ).stdout
    _, _, other = printed.partition("[Stage]")
    assert ["workers", "2", "file"] in [line.split()[:3] for line in other.splitlines()]
