"""The commands of docs/remotes.md print what stands below them, against a real registry."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.store.making import build, entry

PAGE = Path(__file__).parents[1] / "docs" / "remotes.md"
HOST = "localhost:5000"  # of the page
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VARYING = (
    (re.compile(r":[a-z2-7]{16}"), ":VERSION"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"[\d.]+ (?:B|KiB)"), "SIZE"),
    (re.compile(r" +"), " "),
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RealRegistry]:
    """A `docker-registry`."""
    running = RealRegistry(tmp_path / "registry")
    running.start()
    yield running
    running.kill()


def steps() -> list[tuple[str, str]]:
    """Each command of the page that comes to an end, and what it prints."""
    lines = "".join(one[1] for one in _BLOCK.finditer(PAGE.read_text(encoding="utf-8")))
    commands = re.split(r"^\$ ", lines, flags=re.MULTILINE)[1:]
    found = [command.partition("\n") for command in commands]
    return [(command, printed) for command, _, printed in found if not command.startswith("ekiben serve")]


def pattern_of(printed: str) -> str:
    """What the page says as a pattern: `...` is anything."""
    return ".*".join(map(re.escape, plain(printed).split("...")))


def plain(text: str) -> str:
    """Without what differs from run to run."""
    for varying, name in _VARYING:
        text = varying.sub(name, text)
    return text


def test_every_command_prints_what_the_page_says(store: Store, registry: RealRegistry, tmp_path: Path) -> None:
    with store.models.create("iris", module="ekiben.sklearn") as draft:
        draft.path_of("weights.bin").write_bytes(bytes(6000))
    build(store, "iris-service", models=[entry(draft.model)])
    environ = dict(os.environ)
    assert steps()
    for command, printed in steps():
        if command.startswith("export "):
            name, _, value = command.removeprefix("export ").partition("=")
            environ[name] = value.replace(HOST, registry.host)
            continue
        name, *arguments = shlex.split(command.replace(HOST, registry.host))
        assert name == "ekiben"
        line = [sys.executable, "-m", "ekiben.cli", *arguments]
        done = subprocess.run(line, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        told = plain(done.stdout.replace(registry.host, HOST))
        assert re.fullmatch(pattern_of(printed), told, re.DOTALL), (command, told)
