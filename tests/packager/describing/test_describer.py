"""A service is described by a process of its own."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.errors import DescriptionError
from ekiben.packager.describing.describer import Describer, Job
from ekiben.packager.describing.description import Description, hear_description
from tests.packager.conftest import SERVICE, Recorder

Describe = Callable[..., Description]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of a project's source."""
    folder = tmp_path / "copy"
    folder.mkdir()
    return folder


@pytest.fixture
def describe(root: Path, tmp_path: Path, reporter: Recorder) -> Describe:
    """Describes a service.py of this text."""

    def run(text: str, service: str = "service:EchoService", timeout_s: float = 60.0) -> Description:
        (root / "service.py").write_text(textwrap.dedent(text))
        project, home = tmp_path / "project", tmp_path / "home"
        with Describer.started() as describer:
            describer.ask(Job(root, service, home))
            return hear_description(describer, project=project, reporter=reporter, timeout_s=timeout_s)

    return run


def test_apis_schemas_and_models_are_known_afterwards(describe: Describe) -> None:
    described = describe(SERVICE.replace("    @ekiben", '    model = ekiben.BentoModel("iris")\n\n    @ekiben', 1))
    assert described.entry == "EchoService"
    assert described.entry_service.service == "service:EchoService"
    assert described.models == described.entry_service.models == ("iris:latest",)
    assert "/echo" in str(described.openapi["paths"])
    assert described.schema["name"] == "EchoService"


def test_describing_leaves_no_trace_in_the_source(describe: Describe, root: Path) -> None:
    describe(SERVICE)
    assert [path.name for path in root.iterdir()] == ["service.py"]


def test_what_the_service_says_on_import_is_passed_on(describe: Describe, reporter: Recorder) -> None:
    describe(f"print('loading weights')\n{SERVICE}")
    assert reporter.lines == ["loading weights"]


def test_the_service_finds_the_builds_store_and_its_own_folder(describe: Describe, tmp_path: Path, root: Path) -> None:
    check = f"""\
import os, pathlib
assert os.environ["EKIBEN_HOME"] == {str(tmp_path / "home")!r}
assert pathlib.Path("service.py").samefile({str(root / "service.py")!r})
"""
    describe(check + SERVICE)


def test_the_description_does_not_depend_on_hashing(describe: Describe) -> None:
    text = f"COLOURS = {{'red', 'green', 'blue', 'white'}}\n{SERVICE}".replace(
        "text: str", "text: str = '-'.join(COLOURS)"
    )
    assert describe(text) == describe(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PYTHONOPTIMIZE", "2"), ("PYTHONWARNINGS", "error"), ("PYTHONINTMAXSTRDIGITS", "640"), ("PYTHONVERBOSE", "1")],
)
def test_the_description_does_not_depend_on_the_interpreters_switches(
    describe: Describe, reporter: Recorder, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    text = SERVICE.replace("import ekiben\n", "import ekiben, warnings\nwarnings.warn('x')\nBIG = str(10**700)\n", 1)
    usual, said = describe(text), list(reporter.lines)
    reporter.lines.clear()
    monkeypatch.setenv(name, value)
    assert describe(text) == usual
    assert reporter.lines == said


def test_the_service_imports_from_where_the_build_does(
    describe: Describe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/own_library.py").write_text("NAME = 'Echo'\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "lib")
    assert describe(f"import own_library\n{SERVICE}").entry == "EchoService"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1\nraise RuntimeError('no such device')\n", "service.py:2: "),
        ("def broken(:\n", "service.py:1"),
        ("import no_such_library\n", "`no_such_library`, which is not installed"),
        ("import sys\nsys.exit(4)\n", "ends the process"),
        ("class EchoService: ...\n", "no service"),
        ("", "`service:EchoService` does not exist"),
    ],
)
def test_a_service_that_cannot_be_imported_is_an_error_in_the_projects_own_file(
    describe: Describe, root: Path, text: str, message: str
) -> None:
    with pytest.raises(DescriptionError) as caught:
        describe(text)
    assert message in caught.value.message
    assert str(root) not in f"{caught.value.message} {caught.value.hint}"
    assert "Traceback" not in caught.value.message


def test_a_module_that_was_not_selected_is_named(describe: Describe, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/tools.py").touch()
    with pytest.raises(DescriptionError) as caught:
        describe("import tools\n")
    assert caught.value.hint == (
        "`tools.py` is not among the selected files: see `include`, `exclude` and .bentoignore"
    )


def test_a_service_that_never_finishes_importing_is_ended_with_what_it_started(describe: Describe, root: Path) -> None:
    text = """\
        import subprocess, sys, time
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3); open('alive', 'w')"])
        time.sleep(60)
        """
    with pytest.raises(DescriptionError, match="took more than 2 s"):
        describe(text, timeout_s=2.0)
    time.sleep(2.0)
    assert not (root / "alive").exists()


def test_a_process_left_running_does_not_hold_the_build(describe: Describe) -> None:
    started = time.monotonic()
    describe(f"import subprocess\nsubprocess.Popen(['sleep', '60'])\n{SERVICE}")
    assert time.monotonic() - started < 30


def test_an_interpreter_that_dies_is_an_error_with_its_last_words(describe: Describe) -> None:
    with pytest.raises(DescriptionError, match="was killed by signal 9") as caught:
        describe("import os\nprint('about to', flush=True)\nos.kill(os.getpid(), 9)\n")
    assert "about to" in (caught.value.hint or "")


@pytest.mark.parametrize(("name", "value"), [("TZ", "Asia/Tokyo"), ("LC_ALL", "tr_TR.UTF-8"), ("LANG", "C")])
def test_the_description_does_not_depend_on_where_the_builder_lives(
    describe: Describe, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    here = "time.strftime('%Z', time.localtime(0)) + str(locale.setlocale(locale.LC_ALL, ''))"
    text = f"import locale, time\nHERE = {here}\n{SERVICE}".replace("text: str", "text: str = HERE")
    usual = describe(text)
    monkeypatch.setenv(name, value)
    assert describe(text) == usual


def test_the_description_does_not_tell_the_folder_that_it_was_made_in(describe: Describe, root: Path) -> None:
    text = f"import pathlib, tempfile\nHERE = str(pathlib.Path(__file__).parent / 'words')\n{SERVICE}"
    described = describe(text.replace("text: str", "text: str = HERE, other: str = tempfile.gettempdir()"))
    assert str(root) not in str(described)
    assert "./words" in str(described.openapi)
    assert "/ekiben-describe-" not in str(described)
