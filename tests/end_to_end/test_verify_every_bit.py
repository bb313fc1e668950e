"""Whatever is changed in a Bento or its models, `ekiben verify` names it: each file in turn, and what is beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.store.documents import read_document
from ekiben.store.verify import find_damage
from tests.end_to_end.iris_project import built, clean_environment, iris_project


@dataclass(frozen=True, slots=True)
class Sealed:
    """A store with one Bento and its model."""

    home: Path
    bento: Path

    @property
    def tag(self) -> str:
        """The Bento's."""
        return f"{self.bento.parent.name}:{self.bento.name}"

    @property
    def model(self) -> Path:
        """The model's folder."""
        return next(path for path in (self.home / "models/iris").iterdir() if path.is_dir())

    def items(self) -> list[Path]:
        """Both folders."""
        return [self.bento, self.model]


Verify = Callable[[], set[tuple[str, str]]]


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    """Built once; whoever damages it mends it again."""
    root = tmp_path_factory.mktemp("sealed")
    project = iris_project(root).write(root / "project")
    environ = {**clean_environment(), "EKIBEN_HOME": str(root / "home")}
    subprocess.run([sys.executable, "train.py"], cwd=project, env=environ, check=True, capture_output=True)
    return Sealed(root / "home", built([sys.executable], project, environ))


@pytest.fixture
def verify(sealed: Sealed) -> Iterator[Verify]:
    """What `ekiben verify` finds, as (kind of item, path); afterwards the store is as it was."""
    backup = sealed.home.with_name("backup")
    shutil.copytree(sealed.home, backup, symlinks=True)

    def run() -> set[tuple[str, str]]:
        command = [sys.executable, "-m", "ekiben.cli", "verify", sealed.tag, "--output", "json"]
        environ = {**clean_environment(), "EKIBEN_HOME": str(sealed.home)}
        done = subprocess.run(command, env=environ, capture_output=True, check=False)
        findings = json.loads(done.stdout)["findings"] if done.stdout else [{"tag": "", "path": done.stderr.decode()}]
        assert done.returncode == (1 if findings else 0), done.stderr.decode()
        return {("bento" if one["tag"] == sealed.tag else "model", one["path"]) for one in findings}

    yield run
    shutil.rmtree(sealed.home)
    backup.rename(sealed.home)


def hashed_files(item: Path) -> list[str]:
    """What SHA256SUMS lists, and that list itself."""
    found = (path.relative_to(item).as_posix() for path in item.rglob("*") if path.is_file())
    return sorted(path for path in found if path != "receipt.yaml" and not path.startswith("signatures/"))


def flip(file: Path, bit: int) -> None:
    """Changes one bit, counted from the first, or from the last where negative; gives an empty file one byte."""
    content = bytearray(file.read_bytes())
    if not content:
        file.write_bytes(b"\0")
        return
    position = bit % (len(content) * 8)
    content[position // 8] ^= 1 << position % 8
    file.write_bytes(content)


def test_what_was_built_is_sound(verify: Verify) -> None:
    assert verify() == set()


@pytest.mark.parametrize("which", [0, 1], ids=["bento", "model"])
def test_one_other_bit_in_any_file_is_named_by_the_command(sealed: Sealed, verify: Verify, which: int) -> None:
    item = sealed.items()[which]
    for number, path in enumerate(hashed_files(item)):
        before = (item / path).read_bytes()
        flip(item / path, number * 7919)
        assert (("bento", "model")[which], path) in verify()
        (item / path).write_bytes(before)
    assert verify() == set()


@pytest.mark.parametrize("bit", [0, 13, 1001, -1, -8])
def test_one_other_bit_anywhere_in_a_file_is_found_in_the_store(sealed: Sealed, verify: Verify, bit: int) -> None:
    for item in sealed.items():
        digest, executables = digest_and_executables(item)
        for path in hashed_files(item):
            before = (item / path).read_bytes()
            flip(item / path, bit)
            assert [one.path for one in find_damage(item, digest, executables=executables)] == [path]
            (item / path).write_bytes(before)
        assert find_damage(item, digest, executables=executables) == []


def digest_and_executables(item: Path) -> tuple[Digest, tuple[str, ...]]:
    """What the receipt says, and bento.yaml."""
    receipt = read_document(item / "receipt.yaml")
    manifest = item / "bento.yaml"
    rows = read_document(manifest).rows("executables") if manifest.is_file() else ()
    return Digest.parse(receipt.text("digest")), tuple(map(str, rows))


@pytest.mark.parametrize("which", [0, 1], ids=["bento", "model"])
@pytest.mark.parametrize("path", ["added", "src/added.py", "deep/down/added", ".hidden", "SHA256SUMS.bak"])
def test_an_added_file_is_named(sealed: Sealed, verify: Verify, which: int, path: str) -> None:
    target = sealed.items()[which] / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    target.chmod(0o644)
    assert (("bento", "model")[which], path) in verify()


def test_any_removed_file_is_named(sealed: Sealed, verify: Verify) -> None:
    digest, executables = digest_and_executables(sealed.bento)
    for path in hashed_files(sealed.bento):
        file = sealed.bento / path
        file.rename(sealed.home / "aside")
        assert path in [one.path for one in find_damage(sealed.bento, digest, executables=executables)]
        (sealed.home / "aside").rename(file)
    (sealed.bento / "src/service.py").unlink()
    assert verify() == {("bento", "src/service.py")}


def test_any_file_that_became_executable_or_ceased_to_be_is_named(sealed: Sealed, verify: Verify) -> None:
    digest, executables = digest_and_executables(sealed.bento)
    for path in hashed_files(sealed.bento):
        file = sealed.bento / path
        mode = file.stat().st_mode
        file.chmod(mode ^ 0o111)
        assert [one.path for one in find_damage(sealed.bento, digest, executables=executables)] == [path]
        file.chmod(mode)
    (sealed.bento / "src/service.py").chmod(0o755)
    (sealed.bento / "src/tools/run.sh").chmod(0o644)
    assert verify() == {("bento", "src/service.py"), ("bento", "src/tools/run.sh")}


@pytest.mark.parametrize("what", ["link", "folder", "pipe", "link to itself"])
def test_something_else_in_the_place_of_a_file_is_named(sealed: Sealed, verify: Verify, what: str) -> None:
    file = sealed.bento / "src/service.py"
    copy = sealed.home / "copy"
    file.rename(copy)
    match what:
        case "link":
            file.symlink_to(copy)
        case "folder":
            file.mkdir()
        case "pipe":
            os.mkfifo(file)
        case _:
            file.symlink_to(file)
    assert ("bento", "src/service.py") in verify()
