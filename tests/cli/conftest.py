"""The command line as a process: what it prints on each stream, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import pytest

from ekiben.store.bento_manifest import BentoManifest
from ekiben.store.local import Store
from ekiben.tag import Tag

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(home: Path, tmp_path: Path) -> Run:
    """Runs `ekiben` with these arguments on the store of the test, its output piped, in 80 columns."""

    def call(
        *arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ekiben.cli", *arguments],
            cwd=tmp_path,
            env={**os.environ, "EKIBEN_HOME": str(home), "COLUMNS": "80", "TERM": "dumb", **(environ or {})},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    return call


def put_bento(store: Store, name: str, text: str) -> Tag:
    """A small Bento whose one source file holds `text`."""
    with store.bentos.stage(name) as staged:
        (staged.path / "src").mkdir()
        (staged.path / "src" / "service.py").write_text(text, encoding="utf-8")
        return staged.commit(BentoManifest(service="service:Svc", name=name), version=None, receipt={}).tag


def put_model(store: Store, name: str, text: str) -> Tag:
    """A small model whose one file holds `text`."""
    with store.models.create(name, module="tests") as draft:
        draft.path_of("weights.txt").write_text(text, encoding="utf-8")
    return draft.tag
