"""What is installed of a wheel: the tree, held to what installers make, and to the wheel's RECORD."""

from __future__ import annotations

import base64
import hashlib
import os
import posixpath
import random
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ekiben.errors import ImageError
from ekiben.packager.image.native.wheels.tree import installed_entries
from tests.packager.image.native.wheels.wheels import (
    SITE,
    is_bookkeeping,
    make_wheel,
    members_of,
    read,
    repacked,
    rows_of,
    sha256,
    with_record,
)

ENTRY_POINTS = """\
[console_scripts]
made = made.cli:main
made-nested = made.cli:Commands.run [extra]

[gui_scripts]
made-window = made.cli:main

[made.plugins]
other = made.cli:main
"""
CLI = """\
import sys

def main():
    print("main", *sys.argv[1:])
    return 3

class Commands:
    @staticmethod
    def run():
        return "said on stderr"
"""
EVERYTHING: dict[str, bytes | str] = {
    "made/__init__.py": "",
    "made/cli.py": CLI,
    "made/native.so": b"\x7fELF" + bytes(range(256)),
    "made/programs/tool": "#!/bin/sh\n",
    "made/übung.txt": "accents",
    "made/empty.txt": "",
    "shared_namespace/made/__init__.py": "",
    "made.pth": "import made\n",
    "made/__pycache__/kept.cpython-311.pyc": b"whatever the wheel brings",
    "made-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
    "made-1.0.dist-info/licenses/LICENSE": "text",
    "made-1.0.data/scripts/rewritten": '#!python -x\nprint("rewritten")\n',
    "made-1.0.data/scripts/rewritten-window": '#!pythonw\nprint("rewritten")\n',
    "made-1.0.data/scripts/shell": "#!/bin/sh\necho shell\n",
    "made-1.0.data/scripts/made": "#!python\nwhat some builder made of the entry point\n",
    "made-1.0.data/data/share/man/man1/made.1": "manual",
    "made-1.0.data/data/etc/made.conf": "conf",
    "made-1.0.data/data/lib64/made.txt": "through the link lib64 -> lib",
    "made-1.0.data/headers/made.h": "int made;",
    "made-1.0.data/purelib/pure_made.py": "x = 1\n",
    "made-1.0.data/platlib/plat_made.py": "x = 1\n",
}
EXECUTABLES = {
    "made/programs/tool",
    *(f"made-1.0.data/scripts/{name}" for name in ("rewritten", "rewritten-window", "shell", "made")),
}


def installed_by(tool: str, wheel: Path, venv: Path) -> dict[str, tuple[int, bytes]]:
    """Mode and content of each file that an installer adds to a new environment, by path as entries have it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    own = {path for path in venv.rglob("*") if path.is_file()}
    python = str(venv / "bin/python")
    commands = {
        "pip": [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--no-compile"],
        "uv": [sys.executable, "-m", "uv", "pip", "install", "--python", python, "--no-deps", "--offline"],
    }
    bare = {
        "HOME": str(venv.parent / "home"),
        "PATH": os.environ["PATH"],
        "PIP_CONFIG_FILE": os.devnull,
        "UV_NO_CONFIG": "1",
    }
    environ = {**bare, "UV_CACHE_DIR": str(venv.parent / "uv"), "UV_LINK_MODE": "copy"}
    done = subprocess.run([*commands[tool], wheel], check=False, capture_output=True, env=environ, umask=0o022)
    assert done.returncode == 0, done.stderr.decode()
    added = [path for path in venv.rglob("*") if path.is_file() and path not in own and path.name != ".lock"]
    resolved = {str(path.parent.resolve() / path.name): path for path in added}  # lib64 is a link to lib
    return {name[1:]: (path.stat().st_mode & 0o777, path.read_bytes()) for name, path in resolved.items()}


def without_shims(files: dict[str, tuple[int, bytes]], shims: set[str]) -> dict[str, tuple[int, str]]:
    """The files but for what installers write in words of their own: of programs that call entry points the mode and
    the first line are left."""
    kept = {path: entry for path, entry in files.items() if not is_bookkeeping(path)}
    return {
        path: (mode, sha256(content.partition(b"\n")[0] if path in shims else content))
        for path, (mode, content) in kept.items()
    }


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_the_tree_is_what_installers_make_of_a_wheel_of_all_kinds_of_files(tmp_path: Path, tool: str) -> None:
    wheel = make_wheel(tmp_path, EVERYTHING, executables=EXECUTABLES)
    venv = tmp_path / "venv"
    theirs = installed_by(tool, wheel, venv)
    tree = installed_entries(wheel, python=f"3.{sys.version_info.minor}", prefix=str(venv)[1:])
    shims = {str(venv / "bin" / name)[1:] for name in ("made", "made-nested", "made-window")}
    assert without_shims(read(tree.entries), shims) == without_shims(theirs, shims)


@pytest.mark.parametrize("distribution", ["numpy", "scikit-learn", "pydantic", "pydantic-core", "pip", "pytest"])
def test_the_tree_is_what_uv_makes_of_a_wheel_in_use(tmp_path: Path, distribution: str) -> None:
    wheel = repacked(tmp_path, distribution)
    venv = tmp_path / "venv"
    theirs = installed_by("uv", wheel, venv)
    tree = installed_entries(wheel, python=f"3.{sys.version_info.minor}", prefix=str(venv)[1:])
    shims = {path for path in theirs if path.startswith(f"{venv}/bin/"[1:])}
    assert without_shims(read(tree.entries), shims) == without_shims(theirs, shims)
    assert len(tree.entries) > 5


def test_the_record_lists_every_file_with_its_hash_and_size(tmp_path: Path) -> None:
    files = read(installed_entries(make_wheel(tmp_path, EVERYTHING), python="3.11").entries)
    record = f"{SITE}/made-1.0.dist-info/RECORD"
    rows = {posixpath.normpath(f"{SITE}/{path}"): row for path, row in rows_of(files[record][1]).items()}
    assert rows.pop(record) == ("", "")
    assert rows.keys() == files.keys() - {record}
    for path, (digest, size) in rows.items():
        content = files[path][1]
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={expected}", str(len(content))), path


def test_installed_programs_run_in_their_environment(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    wheel = make_wheel(tmp_path, EVERYTHING)
    tree = installed_entries(wheel, python=f"3.{sys.version_info.minor}", prefix=str(venv)[1:])
    for path, (mode, content) in read(tree.entries).items():
        target = Path("/", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        target.chmod(mode)

    def run(name: str) -> tuple[int, str, str]:
        done = subprocess.run([venv / "bin" / name, "argument"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    assert run("made") == (3, "main argument\n", "")
    assert run("made-window") == (3, "main argument\n", "")
    assert run("made-nested") == (1, "", "said on stderr\n")
    assert run("rewritten") == (0, "rewritten\n", "")
    assert run("shell") == (0, "shell\n", "")


def test_scripts_may_be_run_also_from_a_wheel_without_modes(tmp_path: Path) -> None:
    files = read(installed_entries(make_wheel(tmp_path, EVERYTHING), python="3.11").entries)
    assert files["app/venv/bin/shell"][0] == 0o755
    assert files[f"{SITE}/made/programs/tool"][0] == 0o644


def test_scripts_name_the_python_of_the_image(tmp_path: Path) -> None:
    files = read(installed_entries(make_wheel(tmp_path, EVERYTHING), python="3.11").entries)
    assert files["app/venv/bin/made"][1].startswith(b"#!/app/venv/bin/python\n")
    assert files["app/venv/bin/rewritten"][1] == b'#!/app/venv/bin/python\nprint("rewritten")\n'


def test_the_tree_depends_on_nothing_but_the_wheel(tmp_path: Path) -> None:
    shuffled = list(EVERYTHING.items())
    random.Random(7).shuffle(shuffled)
    one = installed_entries(make_wheel(tmp_path / "one", EVERYTHING), python="3.11")
    two = installed_entries(make_wheel(tmp_path / "two", dict(shuffled)), python="3.11")
    assert one.file_index == two.file_index
    assert read(one.entries) == read(two.entries)
    assert (one.name, str(one.version), one.size_bytes) == (two.name, str(two.version), two.size_bytes)


def test_the_index_has_the_digest_of_every_file(tmp_path: Path) -> None:
    tree = installed_entries(make_wheel(tmp_path, EVERYTHING), python="3.11")
    files = read(tree.entries)
    assert {path: digest.hex for path, digest in tree.file_index.items()} == {
        path: sha256(content) for path, (_, content) in files.items()
    }


def test_a_large_wheel_is_listed_in_little_memory(tmp_path: Path) -> None:
    block = random.Random(1).randbytes(1024 * 1024)
    wheel = make_wheel(tmp_path, {f"made/{number}.bin": block * 8 for number in range(4)})
    tracemalloc.start()
    try:
        tree = installed_entries(wheel, python="3.11")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert tree.size_bytes > 32 * 1024 * 1024
    assert peak < 2 * 1024 * 1024


def test_pips_programs_are_named_for_the_image(tmp_path: Path) -> None:
    points = "[console_scripts]\npip = made:main\npip3 = made:main\npip3.9 = made:main\n"
    wheel = make_wheel(tmp_path, {"made-1.0.dist-info/entry_points.txt": points})
    names = {path for path in installed_entries(wheel, python="3.12").file_index if "/bin/" in path}
    assert names == {"app/venv/bin/pip", "app/venv/bin/pip3", "app/venv/bin/pip3.12"}


def test_a_file_that_is_not_what_the_record_says_ends_the_reading(tmp_path: Path) -> None:
    rows = "".join(f"{path},sha256={'A' * 43},\n" for path in members_of("made", "1.0", {"made.py": "x"}))
    wheel = with_record(tmp_path, {"made.py": "x"}, rows)
    tree = installed_entries(wheel, python="3.11")
    with pytest.raises(ImageError, match="and should be"):
        read(tree.entries)


def test_longer_hashes_are_held_to_at_once(tmp_path: Path) -> None:
    members = members_of("made", "1.0", {"made.py": "x"})
    hashes = {path: hashlib.sha512(content).hexdigest() for path, content in members.items()}
    sound = with_record(tmp_path, {"made.py": "x"}, "".join(f"{path},sha512={one},\n" for path, one in hashes.items()))
    tree = installed_entries(sound, python="3.11")
    assert tree.file_index[f"{SITE}/made.py"].hex == sha256(b"x")
    lying = {**hashes, "made.py": "0" * 128}
    wheel = with_record(tmp_path, {"made.py": "x"}, "".join(f"{path},sha512={one},\n" for path, one in lying.items()))
    with pytest.raises(ImageError, match=r"`made\.py` in it is not what its RECORD says"):
        installed_entries(wheel, python="3.11")


@pytest.mark.parametrize("place", ["bin/python", "bin/python3", "bin/python3.11", "pyvenv.cfg", "lib64", "lib"])
def test_no_wheel_replaces_what_makes_the_environment_one(tmp_path: Path, place: str) -> None:
    wheel = make_wheel(tmp_path, {f"made-1.0.data/data/{place}": "x"})
    with pytest.raises(ImageError, match=f"it would replace `{place}` of the environment"):
        installed_entries(wheel, python="3.11")


def test_signatures_of_the_record_that_is_replaced_are_left_out(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, {"made-1.0.dist-info/RECORD.jws": "{}", "made-1.0.dist-info/RECORD.p7s": ""})
    names = {Path(path).name for path in installed_entries(wheel, python="3.11").file_index}
    assert names == {"METADATA", "WHEEL", "INSTALLER", "RECORD"}


@pytest.mark.parametrize("name", ["made.py", "made-1.0.dist-info/RECORD", "made-1.0.dist-info/INSTALLER"])
def test_two_files_for_one_place_are_refused(tmp_path: Path, name: str) -> None:
    wheel = make_wheel(tmp_path, {"made.py": "x", f"made-1.0.data/purelib/{name}": "y"})
    with pytest.raises(ImageError, match="two of its files are to be"):
        installed_entries(wheel, python="3.11")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4
    ),
    cut=st.none() | st.floats(0, 1),
)
def test_a_damaged_wheel_is_refused_or_gives_what_its_record_says(
    tmp_path: Path, edits: list[tuple[float, bytes]], cut: float | None
) -> None:
    sound = make_wheel(tmp_path, {"made/__init__.py": "x = 1\n" * 9, "made-1.0.data/scripts/run": "#!python\n"})
    content = bytearray(sound.read_bytes())
    for at, replacement in edits:
        start = int(at * len(content))
        content[start : start + len(replacement)] = replacement
    damaged = tmp_path / "damaged" / sound.name
    shutil.rmtree(damaged.parent, ignore_errors=True)
    damaged.parent.mkdir()
    damaged.write_bytes(content[: int(cut * len(content))] if cut is not None else content)
    try:
        tree = installed_entries(damaged, python="3.11")
        files = read(tree.entries)
    except ImageError:
        return
    assert {path: digest.hex for path, digest in tree.file_index.items()} == {
        path: sha256(one) for path, (_, one) in files.items()
    }
