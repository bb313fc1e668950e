"""Which Python compiles."""

from __future__ import annotations

import importlib.util
import platform
import sys
from pathlib import Path

import pytest

from ekiben.packager.image.native.interpreters import find_interpreter, without_interpreter

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
OTHER = f"{sys.version_info.major}.{sys.version_info.minor + 1}"
POSING = """\
#!/bin/sh
echo '{"name": "%s", "version": "%s", "cache_tag": "cpython-399", "magic": "00"}'
"""


def program(folder: Path, text: str, name: str = f"python{OTHER}") -> Path:
    """A program on a search path of its own."""
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_running_interpreter_compiles_for_its_own_version() -> None:
    found = find_interpreter(RUNNING, search_path="")
    assert found is not None
    assert (found.path, found.version) == (Path(sys.executable), platform.python_version())
    assert found.key == f"{sys.implementation.cache_tag}-{found.version}-{importlib.util.MAGIC_NUMBER.hex()}"


def test_another_version_is_looked_for_on_the_path(tmp_path: Path) -> None:
    path = program(tmp_path, POSING % ("cpython", f"{OTHER}.1"))
    found = find_interpreter(OTHER, search_path=str(tmp_path))
    assert found is not None
    assert (found.path, found.version, found.cache_tag) == (path, f"{OTHER}.1", "cpython-399")


@pytest.mark.parametrize(
    "text",
    [
        POSING % ("pypy", f"{OTHER}.1"),
        POSING % ("cpython", f"{OTHER}9.1"),
        "#!/bin/sh\nexit 1\n",
        "#!/bin/sh\necho no answer\n",
        "#!/nonexistent/interpreter\n",
    ],
)
def test_what_is_no_such_interpreter_is_none(tmp_path: Path, text: str) -> None:
    program(tmp_path, text)
    assert find_interpreter(OTHER, search_path=str(tmp_path)) is None


def test_without_one_there_is_a_sentence_to_say() -> None:
    assert find_interpreter(OTHER, search_path="") is None
    assert f"no CPython {OTHER}" in without_interpreter(OTHER)
