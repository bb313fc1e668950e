"""One project, the same Bento wherever, whenever and by whomever it is built: the same bytes in every cell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.end_to_end.iris_project import IrisProject, built, clean_environment, content_of, iris_project

NOBODY = 65534
MEMORY = Path("/dev/shm")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How one build differs from the first; what is not said is as it was there."""

    folder: str = "project"
    environ: Mapping[str, str] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    umask: int = 0o022
    mtime_s: int | None = None
    is_reversed: bool = False
    is_in_memory: bool = False
    is_anothers: bool = False
    is_installed: bool = False


EVERYTHING = Cell(
    folder="a/b c/Проект",
    environ={
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
        "SOURCE_DATE_EPOCH": "86400",
        "PYTHONOPTIMIZE": "2",
        "COLUMNS": "20",
        "NO_COLOR": "1",
        "USER": "someone",
    },
    flags=("-X", "dev", "-W", "ignore"),
    umask=0o077,
    mtime_s=86400,
    is_reversed=True,
    is_in_memory=True,
    is_anothers=True,
)
CELLS = {
    "again": Cell(),
    "folder": Cell(folder="a/b c/Проект"),
    "time zone": Cell(environ={"TZ": "Pacific/Kiritimati"}),
    "locale C": Cell(environ={"LC_ALL": "C", "LANG": "C"}),
    "locale tr_TR": Cell(environ={"LC_ALL": "tr_TR.UTF-8"}),
    "hash seed": Cell(environ={"PYTHONHASHSEED": "77"}),
    "another day": Cell(environ={"SOURCE_DATE_EPOCH": "86400"}, mtime_s=86400),
    "optimised": Cell(environ={"PYTHONOPTIMIZE": "2"}, flags=("-OO",)),
    "development mode": Cell(flags=("-X", "dev", "-W", "ignore")),
    "isolated": Cell(flags=("-I",)),
    "no UTF-8 mode": Cell(flags=("-X", "utf8=0"), environ={"PYTHONUTF8": "0"}),
    "umask": Cell(umask=0o077),
    "order of files": Cell(is_reversed=True),
    "file system": Cell(is_in_memory=True),
    "user": Cell(is_anothers=True, is_in_memory=True),
    "installed from a wheel": Cell(is_installed=True),
    "everything": EVERYTHING,
}


@dataclass(frozen=True, slots=True)
class Origin:
    """The project, the models that it needs, and the Bento that the first build made of them."""

    project: IrisProject
    models: Path
    bento: Path


Make = Callable[[Cell], Path]


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    """Trained and built once, in this process's own surroundings."""
    root = tmp_path_factory.mktemp("origin")
    project = iris_project(root)
    folder = project.write(root / "project")
    environ = {**clean_environment(), "EKIBEN_HOME": str(root / "home")}
    subprocess.run([sys.executable, "train.py"], cwd=folder, env=environ, check=True, capture_output=True)
    return Origin(project, root / "home/models", built([sys.executable], folder, environ))


@pytest.fixture
def make(request: pytest.FixtureRequest, tmp_path: Path, origin: Origin) -> Iterator[Make]:
    """Builds in the surroundings of a cell, in a store of its own; gives the Bento's folder."""
    elsewhere = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))

    def make_it(cell: Cell) -> Path:
        root = elsewhere if cell.is_in_memory else tmp_path
        folder = origin.project.write(root / cell.folder, is_reversed=cell.is_reversed)
        shutil.copytree(origin.models, root / "home/models", ignore=shutil.ignore_patterns("receipt.yaml"))
        (root / "user").mkdir()
        python = [sys.executable]
        if cell.is_installed:
            python = [str(request.getfixturevalue("environment") / "python")]
        own = {"HOME": str(root / "user"), "EKIBEN_HOME": str(root / "home"), "TMPDIR": str(root / "user")}
        prefix = as_another_user(root) if cell.is_anothers else []
        for path in (root, *root.rglob("*")):
            if cell.mtime_s is not None and not path.is_symlink():
                os.utime(path, (cell.mtime_s, cell.mtime_s))
            if prefix:
                os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        environ = {**clean_environment(), **own, **cell.environ}
        return built([*prefix, *python, *cell.flags], folder, environ, cell.umask)

    yield make_it
    shutil.rmtree(elsewhere)


def as_another_user(folder: Path) -> list[str]:
    """What to put before a command to run it as another user, who may search `folder` and read this interpreter's
    files wherever they lie; nothing where we may not."""
    change = shutil.which("setpriv")
    if change is None or os.geteuid() != 0:
        return []
    folder.chmod(0o755)
    may_read = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    return [change, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *may_read]


@pytest.mark.parametrize("name", CELLS)
def test_the_same_project_gives_the_same_bytes(origin: Origin, make: Make, name: str) -> None:
    bento = make(CELLS[name])
    ours, theirs = content_of(bento), content_of(origin.bento)
    assert [path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)] == []
    assert bento.name == origin.bento.name
    assert (bento / "receipt.yaml").read_bytes() != (origin.bento / "receipt.yaml").read_bytes()


def test_the_project_has_some_of_everything(origin: Origin) -> None:
    found = set(content_of(origin.bento))
    assert {
        "src/data/é.txt",
        "src/data/Z.txt",
        "src/linked.txt",
        "src/tools/run.sh",
        "src/src/pkg/__init__.py",
    } <= found
    assert {"src/data/a.txt", "src/train.py", "src/scratch/x.py", "src/notes.tmp"}.isdisjoint(found)
    assert origin.bento.joinpath("env/docker/setup_script").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("change", ["service.py", "data/Z.txt", "setup.sh", "docs/card.md"])
def test_one_other_byte_gives_another_bento(origin: Origin, make: Make, tmp_path: Path, change: str) -> None:
    edited = IrisProject({**origin.project.files, change: origin.project.files[change] + b"\n"}, origin.project.links)
    folder = edited.write(tmp_path / "edited")
    environ = {**clean_environment(), "EKIBEN_HOME": str(tmp_path / "home")}
    shutil.copytree(origin.models, tmp_path / "home/models")
    assert built([sys.executable], folder, environ).name != origin.bento.name


def test_a_locale_that_cannot_say_a_files_name_ends_the_build_in_words(origin: Origin, tmp_path: Path) -> None:
    folder = origin.project.write(tmp_path / "project")
    latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "EKIBEN_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-m", "ekiben.cli", "build", folder],
        env={**clean_environment(), **latin},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert b"is not read as UTF-8 here" in done.stderr
    assert b"PYTHONUTF8=1" in done.stderr


def test_a_committed_lock_gives_the_same_bytes_where_the_packages_are_no_more(origin: Origin, tmp_path: Path) -> None:
    first = origin.project.write(tmp_path / "first")
    environ = {**clean_environment(), "EKIBEN_HOME": str(tmp_path / "first-home")}
    subprocess.run(
        [sys.executable, "-m", "ekiben.cli", "lock", first], env=environ, check=True, capture_output=True, cwd=tmp_path
    )
    second = origin.project.write(tmp_path / "second")
    shutil.copy(first / "bento.lock", second)
    for wheel in (second / "wheels").iterdir():
        wheel.unlink()
    shutil.copytree(origin.models, tmp_path / "home/models")
    environ["EKIBEN_HOME"] = str(tmp_path / "home")
    bento = built([sys.executable], second, environ, options=("--locked",))
    ours, theirs = content_of(bento), content_of(origin.bento)
    assert [path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)] == []
