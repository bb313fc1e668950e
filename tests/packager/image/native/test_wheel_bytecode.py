"""The bytecode of wheels: of each by itself, kept, and compiled again where anything is wrong with what was kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.oci.blobs import BlobStore
from ekiben.packager.image.native.interpreters import find_interpreter
from ekiben.packager.image.native.wheel_bytecode import WheelBytecode
from ekiben.packager.image.native.wheels.tree import WheelTree, installed_entries
from ekiben.report import BYTES, SilentReporter, Task
from tests.packager.image.native.wheels.wheels import SITE, make_wheel, read

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag


class Counting(SilentReporter):
    """How many modules were compiled."""

    def __init__(self) -> None:
        self.modules = 0

    def advance(self, amount: int) -> None:
        self.modules += amount

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        before = self.modules
        yield self
        assert self.modules - before == total


Trees = Mapping[Digest, WheelTree]


@pytest.fixture
def trees(tmp_path: Path) -> dict[str, tuple[Digest, WheelTree]]:
    """Three wheels of 2, 1 and 1 modules, by name."""
    contents = {
        "one": {"one/__init__.py": "import os\n", "one/part.py": "x = {'a', 'b'}\n"},
        "two": {"two.py": "def f(x):\n    return x in {'a', 'b'}\n"},
        "three": {"three.py": "print('x')\n"},
    }
    found = {}
    for name, files in contents.items():
        (tmp_path / name).mkdir()
        wheel = make_wheel(tmp_path / name, files, name=name)
        found[name] = (Digest.of_file(wheel), installed_entries(wheel, python=PYTHON))
    return found


def compiled(cache: Path, trees: Trees, *, use_cache: bool = True) -> tuple[dict[str, bytes], int]:
    """The .pyc of a layer of these wheels by path, and how many modules were compiled for it."""
    interpreter, reporter = find_interpreter(PYTHON), Counting()
    assert interpreter is not None
    scratch = cache / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    with WheelBytecode(interpreter, PYTHON, scratch, BlobStore(cache), use_cache=use_cache) as bytecode:
        bytecode.begin(trees, reporter)
        entries = read(bytecode.entries(trees)).items()
    return {path: content for path, (_, content) in entries if path.endswith(".pyc")}, reporter.modules


def test_a_wheel_that_joins_others_is_all_that_is_compiled(
    tmp_path: Path, trees: dict[str, tuple[Digest, WheelTree]]
) -> None:
    before, modules = compiled(tmp_path / "cache", dict([trees["one"], trees["two"]]))
    assert modules == 3
    after, modules = compiled(tmp_path / "cache", dict(trees.values()))
    assert modules == 1
    assert before.items() < after.items()
    assert after.keys() - before.keys() == {f"{SITE}/__pycache__/three.{TAG}.pyc"}


def test_what_is_kept_is_what_is_compiled_alone_or_together(
    tmp_path: Path, trees: dict[str, tuple[Digest, WheelTree]]
) -> None:
    together, _ = compiled(tmp_path / "together", dict(trees.values()))
    kept, modules = compiled(tmp_path / "together", dict(trees.values()))
    alone = [compiled(tmp_path / f"alone-{name}", dict([one]))[0] for name, one in trees.items()]
    assert modules == 0
    assert kept == together == {path: content for one in alone for path, content in one.items()}


@pytest.mark.parametrize("damage", ["other bytes", "cut off", "removed"])
def test_what_is_damaged_is_compiled_again(
    tmp_path: Path, trees: dict[str, tuple[Digest, WheelTree]], damage: str
) -> None:
    cache = tmp_path / "cache"
    first, _ = compiled(cache, dict(trees.values()))
    for blob in (cache / "blobs/sha256").iterdir():
        content = blob.read_bytes()
        blob.unlink()
        if damage != "removed":
            blob.write_bytes(content[:-600] if damage == "cut off" else b"x" + content[1:])
    again, modules = compiled(cache, dict(trees.values()))
    assert modules == 4
    assert again == first
    assert compiled(cache, dict(trees.values()))[1] == 0


def test_without_the_cache_all_is_compiled_and_kept(tmp_path: Path, trees: dict[str, tuple[Digest, WheelTree]]) -> None:
    first, _ = compiled(tmp_path / "cache", dict(trees.values()))
    again, modules = compiled(tmp_path / "cache", dict(trees.values()), use_cache=False)
    assert (again, modules) == (first, 4)


def test_a_file_of_two_wheels_has_the_bytecode_of_the_one_that_installs_it(tmp_path: Path) -> None:
    declaration = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    texts = {"a": f"print '2'\n{declaration}", "b": declaration}  # of which no Python 3 compiles the first
    found = {}
    for name, text in texts.items():
        (tmp_path / name).mkdir()
        wheel = make_wheel(tmp_path / name, {"shared/__init__.py": text, f"shared/{name}.py": ""}, name=name)
        found[Digest.of_file(wheel)] = installed_entries(wheel, python=PYTHON)
    made, _ = compiled(tmp_path / "cache", found)
    assert made.keys() == {f"{SITE}/shared/__pycache__/{name}.{TAG}.pyc" for name in texts}
