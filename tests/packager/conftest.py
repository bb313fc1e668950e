"""A project that builds in a second and without an index: one service, and empty wheels for all that a server needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ekiben.packager.build import build_bento
from ekiben.packager.request import BuildRequest
from ekiben.packager.runtime_wheel import RUNTIME_REQUIREMENTS
from ekiben.report import SilentReporter
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from ekiben.store.models import Model
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.small_bento import make_wheel

SERVICE = """\
import ekiben


@ekiben.service
class EchoService:
    \"\"\"Says what it is told.\"\"\"

    @ekiben.api
    def echo(self, text: str) -> str:
        \"\"\"The same text.\"\"\"
        return text
"""
BENTOFILE = """\
service: "service:EchoService"
exclude: ["wheels/"]
python:
  no_index: true
  find_links: wheels
"""

Build = Callable[..., Bento]


@dataclass
class Recorder(SilentReporter):
    """Remembers what it was told."""

    told: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def info(self, message: str) -> None:
        """Remembers."""
        self.told.append(message)

    def warn(self, message: str, hint: str | None = None) -> None:
        """Remembers."""
        self.warned.append(message)

    def output(self, line: str) -> None:
        """Remembers."""
        self.lines.append(line)


@pytest.fixture(scope="session")
def offline_wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty wheel of each package that the runtime asks for."""
    folder = tmp_path_factory.mktemp("wheels")
    for requirement in RUNTIME_REQUIREMENTS:
        name = re.split(r"[^a-z-]", requirement)[0].replace("-", "_")
        make_wheel(folder, name, "99.0", {f"{name}/__init__.py": ""})
    return folder


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A registry on this machine."""
    started = RealRegistry(tmp_path / "registry")
    started.start()
    yield started
    started.kill()


@pytest.fixture
def reporter() -> Recorder:
    """What the library said."""
    return Recorder()


@pytest.fixture
def write_project(offline_wheels: Path) -> Callable[[Path], Path]:
    """Writes the project into a folder."""

    def write(folder: Path) -> Path:
        folder.mkdir(parents=True)
        (folder / "service.py").write_text(SERVICE)
        (folder / "bentofile.yaml").write_text(BENTOFILE)
        (folder / "wheels").mkdir()
        for wheel in offline_wheels.iterdir():
            (folder / "wheels" / wheel.name).write_bytes(wheel.read_bytes())
        return folder

    return write


@pytest.fixture
def project(tmp_path: Path, write_project: Callable[[Path], Path]) -> Path:
    """The project's folder."""
    return write_project(tmp_path / "project")


@pytest.fixture
def build(project: Path, store: Store, reporter: Recorder) -> Build:
    """Builds the project (or another, by `project=`) into the test's store."""

    def build_it(**request: object) -> Bento:
        return build_bento(
            BuildRequest(**{"project": project, **request}),  # type: ignore[arg-type]
            store=store,
            reporter=reporter,
        )

    return build_it


@pytest.fixture
def save(store: Store) -> Callable[..., Model]:
    """Saves a model of one file."""

    def save_it(name: str, content: str = "weights", version: str | None = None) -> Model:
        with store.models.create(name, module="ekiben.picklable_model", version=version) as draft:
            draft.path_of("weights").write_text(content)
        return draft.model

    return save_it
