"""A project like examples/iris that has some of everything, builds without an index, and can be written twice alike."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS
from tests.end_to_end.machine import EXAMPLES
from tests.packager.small_bento import make_wheel

BENTOFILE = """\
service: "service:Other"
description: "file: docs/card.md"
labels: {zeta: "1", alpha: "ä", Owner: examples}
include: ["*.py", "*.txt", "tools/", "data/"]
exclude: ["train.py", "load.py", "*.tmp"]
models:
  - {tag: iris, filter: "label:owner=examples", alias: flowers}
envs:
  - {name: ZETA, value: "1"}
  - {name: ALPHA, value: "zwei", stage: runtime}
python:
  packages: [scikit-learn, numpy]
  no_index: true
  find_links: wheels
docker:
  system_packages: [libgomp1, curl]
  env: {Z: "1", A: "2"}
  setup_script: setup.sh
"""
# Whatever hangs on hashing, on the locale, on assertions or on docstrings would show in the description.
SHIFTING = """

import enum
import textwrap

from helpers import KINDS


class Tone(enum.Enum):
    \"\"\"How it is said.\"\"\"

    ZART = "zart"
    ALT = "alt"
    ÄLTER = "älter"


@ekiben.service(workers="cpu_count", traffic={"timeout": 10})
class Other:
    \"\"\"Says things of flowers.\"\"\"

    iris = ekiben.BentoModel("iris:latest")

    @ekiben.api
    def say(
        self, kinds: list[str] = list(set(KINDS)), tone: Tone = Tone.ÄLTER, joined: str = "-".join(set(KINDS))
    ) -> str:
        \"\"\"What was said, whatever the order.\"\"\"
        assert kinds, "some are needed"
        return textwrap.fill(tone.value + joined)
"""
MODES = {"tools/run.sh": 0o755, "setup.sh": 0o755}


@dataclass(frozen=True, slots=True)
class IrisProject:
    """What is in the project, by path, links (by path, too) apart."""

    files: Mapping[str, bytes]
    links: Mapping[str, str]

    def write(self, folder: Path, *, is_reversed: bool = False) -> Path:
        """Writes it into `folder`, in one order or the other."""
        for path in sorted(self.files, reverse=is_reversed):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.files[path])
            target.chmod(MODES.get(path, 0o644))
        for path, leads_to in self.links.items():
            (folder / path).symlink_to(leads_to)
        return folder


def iris_project(scratch: Path) -> IrisProject:
    """The project; its wheels, empty but for their names, are made in the folder `scratch`."""
    wheels = scratch / "wheels"
    wheels.mkdir()
    names = [re.split(r"[^a-z-]", requirement)[0] for requirement in RUNTIME_REQUIREMENTS]
    for name in (*names, "scikit-learn", "numpy"):
        make_wheel(wheels, name.replace("-", "_"), "99.0", {f"{name.replace('-', '_')}/__init__.py": ""})
    iris = {path.name: path.read_bytes() for path in (EXAMPLES / "iris").iterdir() if path.suffix == ".py"}
    own = {
        "bentofile.yaml": BENTOFILE,
        "helpers.py": 'KINDS = {"setosa", "versicolor", "virginica", "ähnlich", "Zuletzt"}\n',
        "docs/card.md": "# Iris\n\nÄhnlich wie das Beispiel.\n",
        "setup.sh": "#!/bin/sh\n",
        "tools/run.sh": "#!/bin/sh\n",
        "src/pkg/__init__.py": "",
        "data/é.txt": "1",
        "data/Z.txt": "2",
        "data/a.txt": "3",
        "data/.bentoignore": "*.txt\n!é.txt\n!/[Z]*\n",
        ".bentoignore": "scratch/\n",
        "scratch/x.py": "",
        "notes.tmp": "",
    }
    files = {**iris, **{path: text.encode() for path, text in own.items()}}
    files["service.py"] += SHIFTING.encode()
    files |= {f"wheels/{wheel.name}": wheel.read_bytes() for wheel in wheels.iterdir()}
    return IrisProject(files, {"linked.txt": "data/é.txt"})


def content_of(bento: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and bytes of every file of a Bento but the receipt, by path."""
    return {
        path.relative_to(bento).as_posix(): (path.stat().st_mode, path.read_bytes())
        for path in bento.rglob("*")
        if path.is_file() and path.name != "receipt.yaml"
    }


def clean_environment() -> dict[str, str]:
    """This process's environment without what configures ekiben, pip and uv."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("EKIBEN_", "PIP_", "UV_"))}


def built(
    python: list[str], project: Path, environ: Mapping[str, str], umask: int = 0o022, options: tuple[str, ...] = ()
) -> Path:
    """The folder of the Bento that `ekiben build` makes of `project`."""
    done = subprocess.run(
        [*python, "-m", "ekiben.cli", "build", "--output", "path", *options, project],
        cwd=project.parent,
        env=environ,
        umask=umask,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return Path(done.stdout.decode().strip())
