"""`Example`: a service as BentoML's documentation writes it, what is asked of it, and what BentoML answered.

examples/<name>/service.py         written for BentoML; `prepare.py` beside it saves the models that it needs
examples/<name>/asking.py          `ask(url)` gives what a client sees, by name
examples/<name>/bentoml.json       what it saw of BentoML; `record.py` writes it
examples/<name>/differences.json   where ekiben answers otherwise: what, and why, as the documentation has it
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

FOLDER = Path(__file__).with_name("examples")
_CHANGES = (
    (re.compile(r"^import bentoml$", re.MULTILINE), "import ekiben as bentoml"),
    (re.compile(r"^from bentoml\b", re.MULTILINE), "from ekiben"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """`here` is what ekiben answers; `why` stands in the documentation."""

    here: object
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """One folder of examples."""

    folder: Path

    @property
    def target(self) -> str:
        """What is served: a service that is a class is found alone, a classic one is named."""
        return "service:svc" if "svc = bentoml.Service(" in (self.folder / "service.py").read_text() else "service"

    @property
    def recorded(self) -> Path:
        """Where BentoML's answers are."""
        return self.folder / "bentoml.json"

    def expected(self) -> dict[str, object]:
        """What a client sees of ekiben: BentoML's answers but for the differences."""
        seen = cast("dict[str, object]", json.loads(self.recorded.read_text()))
        return seen | {name: one.here for name, one in self.differences().items()}

    def differences(self) -> dict[str, Difference]:
        """By the name of what was asked."""
        file = self.folder / "differences.json"
        return {name: Difference(**one) for name, one in json.loads(file.read_text()).items()} if file.exists() else {}

    def copy(self, target: Path) -> Path:
        """The project as BentoML's users have it."""
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns("__pycache__", "*.json", "asking.py"))
        return target

    def port(self, target: Path) -> Path:
        """The project with its import lines changed, and nothing else."""
        for file in self.copy(target).rglob("*.py"):
            file.write_text(ported(file.read_text()))
        return target

    def ask(self, url: str) -> Mapping[str, object]:
        """What a client sees of a server there, as JSON would hold it."""
        spec = importlib.util.spec_from_file_location(f"asking_{self.folder.name}", self.folder / "asking.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return cast("Mapping[str, object]", json.loads(json.dumps(module.ask(url))))


def ported(source: str) -> str:
    """The source with its import lines changed."""
    for line, instead in _CHANGES:
        source = line.sub(instead, source)
    return source


def examples() -> list[Example]:
    """All of them, by name."""
    return [Example(folder) for folder in sorted(FOLDER.iterdir()) if (folder / "service.py").exists()]
