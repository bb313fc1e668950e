"""Bytecode: the same bytes from any process, and what Python makes of them."""

from __future__ import annotations

import importlib.util
import marshal
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.entries import Entry, FilePart
from ekiben.packager.image.native.bytecode import is_compiled, pyc_path
from ekiben.packager.image.native.compile_worker import intern_characters, marshal_again, pyc_of
from ekiben.packager.image.native.compilers import compile_entries
from ekiben.packager.image.native.interpreters import Interpreter, find_interpreter
from ekiben.packager.image.native.wheels.tree import installed_entries
from tests.packager.image.native.wheels.wheels import SITE, make_wheel, read, repacked

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = sys.implementation.cache_tag


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    """The running one."""
    found = find_interpreter(PYTHON)
    assert found is not None
    return found


def source(name: str, text: str) -> Entry:
    """A module of the image."""
    return Entry.file(f"{SITE}/{name}", text.encode())


def compiled(entries: list[Entry], interpreter: Interpreter, folder: Path, processes: int = 2) -> dict[str, bytes]:
    """The .pyc by path."""
    made = compile_entries(entries, interpreter, folder, processes=processes)
    return {path: content for path, (_, content) in read(made).items()}


@pytest.mark.parametrize("distribution", ["numpy", "scikit-learn", "pydantic"])
def test_a_process_that_has_imported_much_compiles_to_the_same_bytes(
    tmp_path: Path, interpreter: Interpreter, distribution: str
) -> None:
    tree = installed_entries(repacked(tmp_path, distribution), python=PYTHON)
    made = compiled(list(tree.entries), interpreter, tmp_path)
    intern_characters()
    sources = {path: content for path, (_, content) in read(tree.entries).items() if is_compiled(path)}
    here = {pyc_path(path, TAG): pyc_of(content, f"/{path}") for path, content in reversed(sources.items())}
    assert made == {path: content for path, content in here.items() if content}
    assert len(made) > 50


def test_any_number_of_processes_gives_the_same_files(tmp_path: Path, interpreter: Interpreter) -> None:
    tree = installed_entries(repacked(tmp_path, "numpy"), python=PYTHON)
    one = compiled(list(tree.entries), interpreter, tmp_path, processes=1)
    assert compiled(list(tree.entries), interpreter, tmp_path, processes=3) == one


def test_python_runs_the_bytecode_without_a_look_at_the_source(tmp_path: Path, interpreter: Interpreter) -> None:
    entries = [Entry.file("lib/module.py", b"print('compiled')\n")]
    for path, content in compiled(entries, interpreter, tmp_path).items():
        target = tmp_path / path
        target.parent.mkdir(parents=True)
        target.write_bytes(content)
    (tmp_path / "lib/module.py").write_text("print('edited later')\n")
    command = [sys.executable, "-B", "-c", "import module"]
    said = subprocess.run(command, cwd=tmp_path / "lib", capture_output=True, text=True, check=True)
    assert said.stdout == "compiled\n"


def test_tracebacks_name_the_file_in_the_image(tmp_path: Path, interpreter: Interpreter) -> None:
    text = "class A:\n    def f(self):\n        return [lambda: x for x in self]\n"
    (content,) = compiled([source("a.py", text)], interpreter, tmp_path).values()
    assert content[:4] == importlib.util.MAGIC_NUMBER
    codes = list(codes_in(marshal.loads(content[16:])))
    assert {code.co_filename for code in codes} == {f"/{SITE}/a.py"}
    assert {code.co_name for code in codes} >= {"<module>", "A", "f", "<lambda>"}
    assert content.count(b"a.py") == 1, "they share it"


def codes_in(code: CodeType) -> Iterator[CodeType]:
    """`code`, and those of all functions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_in(constant)


@pytest.mark.parametrize("text", ["x = {'a', 'b'}\n", "def f(a):\n    return a in ('name', 'some words')\n"])
def test_compiling_a_second_time_is_as_good_where_a_format_lacks_something(text: str) -> None:
    first = marshal_again(text.encode(), "/a.py")
    held = [compile(text, f"/{number}.py", "exec") for number in range(3)]
    assert marshal_again(text.encode(), "/a.py") == first
    assert marshal.loads(first).co_filename == "/a.py"
    assert len(held) == 3


def test_only_what_services_import_is_compiled(tmp_path: Path, interpreter: Interpreter) -> None:
    names = ["a/b.py", "a/tests/c.py", "a/test/d.py", "a/testing.py", "tests.py", "a/b.pyi", "a/data.txt"]
    entries = [*(source(name, "x = 1\n") for name in names), Entry.file("app/venv/bin/run.py", b"x = 1\n")]
    assert compiled(entries, interpreter, tmp_path).keys() == {
        f"{SITE}/{name}.{TAG}.pyc" for name in ("a/__pycache__/b", "a/__pycache__/testing", "__pycache__/tests")
    }


@pytest.mark.parametrize(
    "text", ["print 'two'\n", "{{ cookiecutter }} = ", "\0", "# coding: no-such\n", "(" * 5000, "x = '\udcff'"]
)
def test_what_cannot_be_compiled_stays_source(tmp_path: Path, interpreter: Interpreter, text: str) -> None:
    broken = Entry.file(f"{SITE}/broken.py", text.encode("utf-8", "surrogateescape"))
    sound = [source("a.py", "x = 1\n"), source("z.py", "x = 1\n")]
    made = compiled([broken, *sound], interpreter, tmp_path)
    assert made.keys() == {f"{SITE}/__pycache__/{name}.{TAG}.pyc" for name in ("a", "z")}


def test_bytecode_that_a_wheel_brings_is_kept(tmp_path: Path, interpreter: Interpreter) -> None:
    brought = Entry.file(f"{SITE}/__pycache__/a.{TAG}.pyc", b"brought")
    assert compile_entries([source("a.py", "x = 1\n"), brought], interpreter, tmp_path) == ()


def test_sources_may_lie_in_files_and_in_wheels(tmp_path: Path, interpreter: Interpreter) -> None:
    (tmp_path / "joined").write_bytes(b"skipped x = 1\n")
    part = FilePart(tmp_path / "joined", offset=8, size=6)
    wheel = make_wheel(tmp_path, {"a.py": "x = 1\n"})
    places = [
        [Entry.file(f"{SITE}/a.py", part)],
        [source("a.py", "x = 1\n")],
        list(installed_entries(wheel, python="3.11").entries),
    ]
    one, two, three = (compiled(entries, interpreter, tmp_path) for entries in places)
    assert one == two == three


def test_a_source_that_is_not_what_it_should_be_is_named(tmp_path: Path, interpreter: Interpreter) -> None:
    (tmp_path / "b.py").write_text("x = 2\n")
    changed = FilePart(tmp_path / "b.py", digest=Digest.of_bytes(b"x = 1\n"))
    entries = [source("a.py", "x = 1\n"), Entry.file(f"{SITE}/b.py", changed)]
    with pytest.raises(
        ImageError, match=rf"stopped compiling at `{SITE}/b\.py` with status 1: .*not what it should be"
    ):
        compile_entries(entries, interpreter, tmp_path)


def test_no_sources_need_no_process(tmp_path: Path) -> None:
    nowhere = Interpreter(Path("/nonexistent/python"), "3.11.0", "cpython-311", "")
    assert compile_entries([Entry.file("lib/a.txt", b"")], nowhere, tmp_path) == ()


COMPILE_FOR_LONG = """
import sys
from pathlib import Path
from ekiben.oci.entries import Entry
from ekiben.packager.image.native.compilers import compile_entries
from ekiben.packager.image.native.interpreters import find_interpreter
text = b"".join(b"def f%d(a, b):\\n    return [a + b + %d for x in range(a)]\\n" % (n, n) for n in range(20_000))
entries = [Entry.file(f"lib/m{n}.py", text) for n in range(40)]
compile_entries(entries, find_interpreter(sys.argv[2]), Path(sys.argv[1]), processes=2)
"""


def test_an_interrupted_build_leaves_no_process_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-c", COMPILE_FOR_LONG, str(tmp_path), PYTHON]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as child:
        while len(workers_on(tmp_path)) < 2:
            assert child.poll() is None, "it ended before it was interrupted"
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        assert child.wait(30) != 0
    assert workers_on(tmp_path) == []


def workers_on(folder: Path) -> list[int]:
    """The processes that compile for `folder`."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if any(word.startswith(f"{folder}/bytecode-".encode()) for word in words):
                found.append(int(process.name))
    return found
