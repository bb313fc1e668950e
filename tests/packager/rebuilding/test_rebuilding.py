"""A Bento stands as long as nothing that its build read has changed, and not longer."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.packager.describing.describer import Describer
from ekiben.packager.rebuilding.recorded import build_recorded
from ekiben.packager.rebuilding.standing import standing_bento
from ekiben.packager.request import BuildRequest
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.conftest import Recorder

SERVICE = """\
import sys
import ekiben
import helping
del sys.modules["helping"]  # then only its bytecode tells of it


@ekiben.service
class EchoService:
    model = ekiben.models.BentoModel("weights:latest")

    @ekiben.api
    def echo(self, text: str = helping.default()) -> str:
        return text
"""
HELPING = """\
import os
from pathlib import Path

def default() -> str:
    try:
        found = Path(os.environ["SHARED"], "optional.txt").read_text()
    except FileNotFoundError:
        found = "none"
    return Path(os.environ["SHARED"], "words.txt").read_text() + found + "".join(os.listdir(os.environ["SHARED"]))
"""
BENTOFILE = """\
service: "service:EchoService"
include: ["*.py", "data/"]
exclude: ["wheels/"]
python:
  no_index: true
  find_links: wheels
  requirements_txt: ./requirements.txt
"""


@dataclass(frozen=True)
class World:
    """A project, a library of the machine that its service imports, and what both of them read."""

    project: Path
    shared: Path
    store: Store
    reporter: Recorder

    def build(self, **request: object) -> Bento:
        """Builds, once everything that was written is older than the clock's tick."""
        time.sleep(0.15)
        with Describer.started() as describer:
            return build_recorded(self.asked(**request), store=self.store, reporter=self.reporter, describer=describer)

    def standing(self, **request: object) -> Bento | None:
        """What a build finds to be standing."""
        return standing_bento(self.asked(**request), store=self.store, reporter=self.reporter)

    def asked(self, **request: object) -> BuildRequest:
        """A request for the project."""
        return BuildRequest(**{"project": self.project, **request})  # type: ignore[arg-type]

    def save_model(self, text: str) -> None:
        """Saves the service's model with other weights."""
        with self.store.models.create("weights", module="ekiben.picklable_model") as draft:
            draft.path_of("weights").write_text(text)


@pytest.fixture
def world(project: Path, store: Store, reporter: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A project that reads much."""
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "words.txt").write_text("hello")
    library = tmp_path / "library"
    library.mkdir()
    (library / "helping.py").write_text(HELPING)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(library)], check=True)
    monkeypatch.setenv("PYTHONPATH", str(library))
    monkeypatch.setenv("SHARED", str(shared))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    (tmp_path / "user").mkdir()
    (project / "service.py").write_text(SERVICE)
    (project / "bentofile.yaml").write_text(BENTOFILE)
    (project / "requirements.txt").write_text("-r more.txt\n")
    (project / "more.txt").write_text("httptools\n")
    (project / "data" / "deep").mkdir(parents=True)
    (project / "data" / "one.txt").write_text("1")
    world = World(project, shared, store, reporter)
    world.save_model("1")
    return world


def replaced(path: Path, text: str) -> None:
    """Other content of the same length, with the times of before, as a restored backup has."""
    before = path.stat()
    assert len(text) == before.st_size
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def overwrite_wheel(world: World) -> None:
    """Puts other bytes into a wheel of the find-links folder: its folder does not change."""
    wheel = sorted((world.project / "wheels").iterdir())[0]
    wheel.write_bytes(wheel.read_bytes() + b"\0")


def flatten(world: World) -> None:
    """Puts a file in the place of a folder."""
    (world.project / "data/deep").rmdir()
    (world.project / "data/deep").write_text("flat")


def configure_pip(world: World) -> None:
    """Writes the configuration that pip looks for first in a home folder."""
    (world.shared.parent / "user/.pip").mkdir()
    (world.shared.parent / "user/.pip/pip.conf").write_text("[global]\npre = true\n")


def commit(world: World) -> None:
    """Makes the project a repository: the receipt tells of it."""
    for arguments in (["init", "-q"], ["add", "service.py"], ["commit", "-qm", "one"]):
        author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *author, *arguments], cwd=world.project, check=True)


CHANGES: dict[str, Callable[[World], object]] = {
    "a line more": lambda world: (world.project / "service.py").write_text(f"{SERVICE}# more\n"),
    "other content, same size and time": lambda world: replaced(world.project / "data/one.txt", "2"),
    "another file": lambda world: (world.project / "data/deep/two.txt").write_text("2"),
    "a file less": lambda world: (world.project / "data/one.txt").unlink(),
    "a file renamed": lambda world: (world.project / "data/one.txt").rename(world.project / "data/two.txt"),
    "a file made executable": lambda world: (world.project / "data/one.txt").chmod(0o755),
    "a file in place of a folder": flatten,
    "a link led elsewhere": lambda world: (world.project / "data/link").symlink_to("one.txt"),
    "a .bentoignore": lambda world: (world.project / "data/.bentoignore").write_text("*.txt\n"),
    "the bentofile": lambda world: (world.project / "bentofile.yaml").write_text(f"{BENTOFILE}labels: {{a: b}}\n"),
    "a requirement": lambda world: (world.project / "more.txt").write_text("httptools>=1\n"),
    "a bento.lock": lambda world: (world.project / "bento.lock").write_text("lock_version = 1\n"),
    "a README": lambda world: (world.project / "README.md").write_text("# Echo\n"),
    "a newer model": lambda world: world.save_model("2"),
    "the model deleted": lambda world: world.store.models.delete("weights:latest", force=True),
    "a file that the service reads": lambda world: (world.shared / "words.txt").write_text("hallo"),
    "a file that the service looked for": lambda world: (world.shared / "optional.txt").write_text("it is here"),
    "a library's source, its bytecode standing": lambda world: (world.shared.parent / "library/helping.py").write_text(
        HELPING.replace("none", "nothing")
    ),
    "pip's configuration": configure_pip,
    "a .netrc": lambda world: (world.shared.parent / "user/.netrc").write_text(
        "machine index.example login me password x\n"
    ),
    "a wheel overwritten": overwrite_wheel,
    "a commit": commit,
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_anything_that_was_read_makes_a_build(world: World, change: str) -> None:
    built = world.build()
    standing = world.standing()
    assert standing is not None
    assert standing.tag == built.tag
    CHANGES[change](world)
    assert world.standing() is None


def test_the_environment_counts_but_for_what_a_terminal_says_of_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.build()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("SHLVL", "7")
    assert world.standing()
    monkeypatch.setenv("SHARED", f"{world.shared}/")
    assert world.standing() is None


def test_what_a_bento_holds_nothing_of_may_change(world: World) -> None:
    (world.project / "notes.md").write_text("some")
    world.build()
    (world.project / "notes.md").write_text("more")
    with world.store.models.create("other", module="ekiben.picklable_model") as draft:
        draft.path_of("weights").write_text("other")
    assert world.standing()


def test_each_request_has_a_bento_of_its_own(world: World) -> None:
    plain, labelled = world.build(), world.build(labels={"team": "search"})
    standing = world.standing(), world.standing(labels={"team": "search"})
    assert [one and one.tag for one in standing] == [plain.tag, labelled.tag]
    assert world.standing(labels={"team": "ads"}) is None


def test_a_bento_that_stands_is_the_latest_again(world: World) -> None:
    first = world.build()
    world.build(labels={"team": "search"})
    assert world.store.bentos.get(first.tag.name).tag != first.tag
    world.standing()
    assert world.store.bentos.get(first.tag.name).tag == first.tag


def test_a_bento_that_was_deleted_is_built(world: World) -> None:
    built = world.build()
    world.store.bentos.delete(built.tag)
    assert world.standing() is None
    assert world.build().tag == built.tag


def test_a_record_that_is_damaged_counts_for_nothing(world: World) -> None:
    world.build()
    (record,) = (world.store.cache / "builds").iterdir()
    whole = record.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"[]", b'{"facts": []}', whole.replace(b"sha256:", b"sha257:")):
        record.write_bytes(content)
        assert world.standing() is None


def test_what_was_warned_of_is_said_again(world: World) -> None:
    with (world.project / "bentofile.yaml").open("a") as bentofile:
        bentofile.write("  lock_packages: false\n")
    world.build()
    warned = list(world.reporter.warned)
    assert warned
    world.reporter.warned.clear()
    assert world.standing()
    assert world.reporter.warned == warned


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('127.0.0.1', 9))",
        "import os; os.system('true')",
    ],
)
def test_a_service_that_asks_more_than_files_is_described_every_time(world: World, line: str) -> None:
    (world.project / "service.py").write_text(f"{line}\n{SERVICE}")
    world.build()
    assert world.standing() is None


def test_what_is_done_while_a_service_is_imported_is_no_part_of_its_build(world: World) -> None:
    time.sleep(0.15)
    done = []
    with Describer.started(lambda: done.append(subprocess.run(["true"], check=True))) as describer:
        built = build_recorded(world.asked(), store=world.store, reporter=world.reporter, describer=describer)
    assert len(done) == 1
    assert (standing := world.standing())
    assert standing.tag == built.tag


def test_a_file_written_while_its_bento_is_built_makes_a_build(world: World) -> None:
    (world.project / "service.py").write_text(
        f"import os, pathlib\npathlib.Path(os.environ['SHARED'], 'words.txt').write_text('late')\n{SERVICE}"
    )
    world.build()
    assert world.standing() is None


EDITS = st.lists(st.tuples(st.sampled_from(["one.txt", "two.txt", "deep/three.txt"]), st.integers(0, 2)), max_size=3)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(EDITS, min_size=1, max_size=3))
def test_the_bento_that_stands_is_the_one_that_a_build_gives(world: World, rounds: list[list[tuple[str, int]]]) -> None:
    for edits in rounds:
        for name, text in edits:
            path = world.project / "data" / name
            if text == 0:
                path.unlink(missing_ok=True)
            else:
                path.write_text(str(text))
        standing = world.standing()
        built = world.build()
        assert standing is None or standing.tag == built.tag
        again = world.standing()
        assert again is not None
        assert again.tag == built.tag
