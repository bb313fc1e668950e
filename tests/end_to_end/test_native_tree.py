"""What is in an image of real wheels is what an installer makes of them: every file, mode and link."""

from __future__ import annotations

import base64
import hashlib
import posixpath
import stat
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from ekiben.oci.layout import Layout
from tests.end_to_end.machine import Machine
from tests.packager.image.native.wheels.wheels import is_bookkeeping, rows_of

VENV = "app/venv"
PYTHON = f"python3.{sys.version_info.minor}"  # the host's, on which the image stands
SITE = f"{VENV}/lib/{PYTHON}/site-packages"


@dataclass(frozen=True, slots=True)
class File:
    """A file's mode and content, or what a link leads to."""

    mode: int
    content: bytes
    leads_to: str = ""

    @property
    def told(self) -> tuple[int, str, str]:
        """For comparing, short enough to be shown."""
        return self.mode, hashlib.sha256(self.content).hexdigest(), self.leads_to


@dataclass(frozen=True, slots=True)
class Iris:
    """An image's environment, and the wheels that it was made of."""

    machine: Machine
    files: dict[str, File]
    folders: set[str]
    wheels: list[Path]


@pytest.fixture(scope="module")
def iris(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Iris:
    """The iris example's: numpy, scipy, scikit-learn, pydantic-core, uvloop and what they need."""
    folder = tmp_path_factory.mktemp("tree")
    machine = Machine(environment, folder / "home", folder)
    project = machine.copy_example("iris")
    machine.run("python", "train.py", cwd=project)
    bento = Path(machine.out("ekiben", "build", "-o", "path", str(project)))
    machine.run("ekiben", "containerize", "iris", "--engine", "native", "--base", "host", "--output", "oci:image")
    download = ["python", "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--dest", "wheels"]
    machine.run(*download, "--requirement", str(bento / "env/python/requirements.lock"))
    wheels = [*(folder / "wheels").glob("*.whl"), *(bento / "env/python/wheels").glob("*.whl")]
    return Iris(machine, *environment_in(folder / "image"), wheels)


def environment_in(layout: Path) -> tuple[dict[str, File], set[str]]:
    """The files and links of the image's environment by path, and its folders."""
    (name,) = Layout(layout).names()
    image = Layout(layout).image(name)
    files: dict[str, File] = {}
    folders: set[str] = set()
    for layer in image.layers[1:]:
        with image.source.open(layer.digest) as stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
            for member in archive:
                if not member.name.startswith(f"{VENV}/"):
                    continue
                if member.isdir():
                    folders.add(member.name)
                    assert member.mode == 0o755
                    continue
                content = archive.extractfile(member) if member.isfile() else None
                files[member.name] = File(member.mode, content.read() if content else b"", member.linkname)
    return files, folders


def installed(iris: Iris, tool: str, venv: Path) -> dict[str, File]:
    """The same of what an installer makes of the wheels in an environment of its own, as if that lay at /app/venv."""
    machine = iris.machine
    machine.run("python", "-m", "venv", "--without-pip", str(venv))
    own = {path for path in venv.rglob("*") if path.is_file()}
    python = str(venv / "bin/python")
    commands = {
        "pip": ["python", "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--no-compile"],
        "uv": ["python", "-m", "uv", "pip", "install", "--python", python, "--no-deps", "--offline"],
    }
    variables = {"UV_LINK_MODE": "copy", "UV_CACHE_DIR": str(venv.parent / "uv"), "UV_NO_CONFIG": "1"}
    command = [*commands[tool], "--quiet", *map(str, iris.wheels)]
    subprocess.run(command, env=machine.environ(**variables), umask=0o022, check=True, capture_output=True)
    added = [path for path in venv.rglob("*") if path not in own and not path.is_dir() and path.name != ".lock"]
    found = {f"{VENV}/{path.relative_to(venv).as_posix()}".replace("/lib64/", "/lib/"): path for path in added}
    prefixes = str(venv).encode(), f"/{VENV}".encode()
    return {
        place: File(stat.S_IMODE(path.stat().st_mode), path.read_bytes().replace(*prefixes))
        for place, path in found.items()
    }


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_every_file_mode_and_link_is_the_installers(iris: Iris, tool: str, tmp_path: Path) -> None:
    ours = {path: one for path, one in iris.files.items() if is_from_a_wheel(path)}
    theirs = {path: one for path, one in installed(iris, tool, tmp_path / "venv").items() if is_from_a_wheel(path)}
    assert len(ours) > 3000
    assert {path: compared(path, one) for path, one in ours.items()} == {
        path: compared(path, one) for path, one in theirs.items()
    }


def is_from_a_wheel(path: str) -> bool:
    """Whether it is neither the environment's own, nor compiled here, nor what installers say of themselves."""
    its_own = {f"{VENV}/{name}" for name in ("pyvenv.cfg", "lib64", "bin/python", "bin/python3", f"bin/{PYTHON}")}
    return path not in its_own and not path.endswith(".pyc") and not is_bookkeeping(path)


def compared(path: str, file: File) -> tuple[int, str, str]:
    """Of programs, which installers write in words of their own: the mode and which Python they run by."""
    is_program = posixpath.dirname(path) == f"{VENV}/bin"
    return File(file.mode, file.content.partition(b"\n")[0] if is_program else file.content, file.leads_to).told


def test_the_environment_is_one(iris: Iris) -> None:
    links = {path: one.leads_to for path, one in iris.files.items() if one.leads_to}
    assert links.pop(f"{VENV}/bin/python").startswith("/usr/local/bin/python3")
    assert links == {
        f"{VENV}/bin/python3": "python",
        f"{VENV}/bin/{PYTHON}": "python",
        f"{VENV}/lib64": "lib",
    }


def test_no_folder_of_it_is_missing_or_empty_but_the_environments_own(iris: Iris) -> None:
    needed = {parent for path in iris.files for parent in above(path)}
    own = {f"{VENV}/{name}" for name in ("etc", "include", "share")}
    assert iris.folders - own == needed - {"app", VENV} - own
    assert needed - iris.folders == {"app", VENV}


def above(path: str) -> list[str]:
    """The folders above `path`."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: number + 1]) for number in range(len(parts))]


def test_every_record_in_it_is_true(iris: Iris) -> None:
    records = [path for path in iris.files if path.endswith(".dist-info/RECORD")]
    listed = set()
    for record in records:
        for path, (digest, size) in rows_of(iris.files[record].content).items():
            place = posixpath.normpath(f"{SITE}/{path}")
            listed.add(place)
            if place != record:
                content = iris.files[place].content
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={expected}", str(len(content))), place
    assert len(records) == len(iris.wheels)
    assert {path for path in iris.files if is_from_a_wheel(path)} <= listed
