"""The two tools that are compared, each with a project and a home of its own, and how long their commands take."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TRAIN = """
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
import {tool} as tool
features, species = load_iris(return_X_y=True)
tool.sklearn.save_model("iris", LogisticRegression(max_iter=500).fit(features, species))
"""
SERVICE = """
import numpy as np
import {tool} as tool

@tool.service
class Iris:
    model = tool.models.BentoModel("iris:latest")

    def __init__(self) -> None:
        self.classifier = tool.sklearn.load_model(self.model)

    @tool.api(batchable=True, max_batch_size=64, max_latency_ms=200)
    def classify(self, flowers: np.ndarray) -> np.ndarray:
        return self.classifier.predict(flowers)
"""
BENTOFILE = """\
service: "service:Iris"
include: [{include}]
python: {{packages: [scikit-learn, numpy]}}
"""


@dataclass(frozen=True, slots=True)
class Tool:
    """`bin` is that of an environment with the tool and scikit-learn; `work` is a folder of its own, `environ` what its
    commands are told besides, `bentofile` further lines of each project's."""

    name: str
    bin: Path
    work: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    bentofile: str = ""

    @property
    def home(self) -> Path:
        """Its store."""
        return self.work / "home"

    def run(self, *arguments: str, cwd: Path, without_network: bool = False) -> float:
        """Seconds that a command took; its output is shown where it failed."""
        prefix = ("unshare", "--net") if without_network else ()
        begun = time.perf_counter()
        done = subprocess.run(
            [*prefix, *arguments], cwd=cwd, env=self._environ(), capture_output=True, text=True, check=False
        )
        took_s = time.perf_counter() - begun
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return took_s

    def write_iris(self, name: str, include: Sequence[str] = ("service.py",)) -> Path:
        """A project of this name, its model trained and saved."""
        project = self.work / name
        project.mkdir(parents=True)
        (project / "train.py").write_text(TRAIN.format(tool=self.name))
        (project / "service.py").write_text(SERVICE.format(tool=self.name))
        included = ", ".join(f'"{one}"' for one in include)
        (project / "bentofile.yaml").write_text(BENTOFILE.format(include=included) + self.bentofile)
        self.run("python", "train.py", cwd=project)
        return project

    def build(self, project: Path) -> float:
        """Seconds of a build."""
        return self.run(self.name, "build", cwd=project)

    def rebuild(self, project: Path, *, without_network: bool = False) -> float:
        """Seconds of a build that does all its work, whether or not anything has changed."""
        options = ["--rebuild"] if self.name == "ekiben" else []
        return self.run(self.name, "build", *options, cwd=project, without_network=without_network)

    def list_bentos(self, project: Path) -> float:
        """Seconds of a list of the store."""
        return self.run(self.name, "list", cwd=project)

    def build_edited(self, project: Path) -> float:
        """Seconds of a build after one line was added."""
        self.edit(project)
        return self.build(project)

    def edit(self, project: Path) -> None:
        """Adds one line to the service."""
        with (project / "service.py").open("a") as source:
            source.write("# edited\n")

    def import_s(self, project: Path) -> float:
        """Seconds that the service's import costs beyond that of the tool."""
        alone = best(lambda: self.run("python", "-c", f"import {self.name}", cwd=project))
        both = best(lambda: self.run("python", "-c", f"import {self.name}, service", cwd=project))
        return max(0.0, both - alone)

    def _environ(self) -> dict[str, str]:
        own = {"EKIBEN_HOME": str(self.home), "BENTOML_HOME": str(self.home), "BENTOML_DO_NOT_TRACK": "True"}
        given = {**os.environ, **own, **self.environ}
        return {**given, "PATH": f"{self.bin}{os.pathsep}{given['PATH']}"}


def best(measure: Callable[[], float], rounds: int = 5) -> float:
    """The shortest of some measurements: what else the machine does only adds to a build."""
    return min(measure() for _ in range(rounds))


def in_turn(measures: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """The shortest of each, measured in turn."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [min(times) for times in zip(*taken, strict=True)]


def has_namespaces() -> bool:
    """Whether a command can be run here without any network."""
    program = shutil.which("unshare")
    return bool(program) and subprocess.run([str(program), "--net", "true"], check=False).returncode == 0


def used_bytes(folder: Path) -> int:
    """What a folder takes of the disk, holes in files and second names of them counted as what they are."""
    seen: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        status = path.lstat()
        seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())
