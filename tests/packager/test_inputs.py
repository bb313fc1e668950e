"""A whole build from every kind of input: the Bento carries the wheels, pins them by hash, and says no secret."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import BentofileError, LockError
from ekiben.packager.build import build_bento
from ekiben.packager.lock.lockfile import parse_lock
from ekiben.packager.request import BuildRequest
from ekiben.report import LoggingReporter
from ekiben.settings import load_settings
from ekiben.store.bentos import Bento
from ekiben.store.local import Store, open_store
from ekiben.store.sums import parse_sums
from tests.packager.conftest import BENTOFILE, Build, Recorder
from tests.packager.lock.local_index import LocalIndex, guarded, write_wheel
from tests.packager.lock.making_packages import ADDRESS, addressed, commit_all, git, write_package, write_repository

LOCK, INTENT = "env/python/requirements.lock", "env/python/requirements.in"


def asks(project: Path, *lines: str) -> None:
    """Makes the project's bentofile say these lines under `python`."""
    text = "".join(f"  {line}\n" for line in lines)
    (project / "bentofile.yaml").write_text(BENTOFILE + text)


def wheels_of(bento: Bento) -> dict[str, str]:
    """The wheels that the Bento carries beside the runtime, with their digests."""
    paths = (bento.path / "env/python/wheels").glob("*.whl")
    return {path.name: str(Digest.of_file(path)) for path in paths if not path.name.startswith("ekiben_runtime")}


def test_a_library_of_the_project_is_carried_and_pinned(build: Build, project: Path, reporter: Recorder) -> None:
    write_package(project / "libs/my_lib")
    asks(project, "packages: ['-e ./libs/my_lib']")
    bento = build()
    carried = wheels_of(bento)
    assert list(carried) == ["my_lib-1.0-py3-none-any.whl"]
    (digest,) = carried.values()
    pins = {pin.name: pin for pin in parse_lock((bento.path / LOCK).read_text())}
    assert (pins["my-lib"].version, pins["my-lib"].hashes) == ("1.0", (digest,))
    assert f"my-lib @ file:libs/my_lib --hash={digest}\n" in (bento.path / INTENT).read_text()
    assert any("nothing in an image is editable" in line for line in reporter.told)
    assert 'kind = "path"' in (bento.path / "env/python/pylock.toml").read_text()


def test_the_carried_wheels_install_with_their_hashes_and_no_index(build: Build, project: Path, tmp_path: Path) -> None:
    write_package(project / "lib", requires="idna")
    write_wheel(project / "wheels/idna-3.0-py3-none-any.whl", "idna", "3.0")
    asks(project, "packages: [./lib]")
    bento = build()
    target = tmp_path / "site"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--require-hashes"]
    places = ["--find-links", str(project / "wheels"), "--find-links", str(bento.path / "env/python/wheels")]
    subprocess.run([*command, *places, "-r", str(bento.path / LOCK), "--target", str(target)], check=True)
    assert (target / "my_lib/__init__.py").read_text() == "value = 1\n"
    assert (target / "idna.py").exists()


def test_an_unchanged_project_builds_no_wheel_and_gives_the_same_bento(
    build: Build, project: Path, reporter: Recorder
) -> None:
    write_package(project / "lib")
    asks(project, "packages: [./lib]")
    first = build().tag
    reporter.told.clear()
    assert build().tag == first
    assert not [line for line in reporter.told if "built `my_lib" in line]
    (project / "lib/my_lib/__init__.py").write_text("value = 2\n")
    assert build().tag != first


def test_the_same_project_gives_the_same_bento_from_another_folder_and_store(
    tmp_path: Path, write_project: Callable[[Path], Path], reporter: Recorder
) -> None:
    tags = []
    for name in ("one", "two/deep"):
        project = write_project(tmp_path / name)
        write_package(project / "lib")
        asks(project, "packages: [./lib]")
        store = open_store(load_settings({"EKIBEN_HOME": str(tmp_path / f"{name}-store")}))
        tags.append(build_bento(BuildRequest(project), store=store, reporter=reporter).tag)
    assert tags[0] == tags[1]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that git finds at ADDRESS."""
    folder = write_repository(tmp_path / "repository")
    for name, value in addressed(folder).items():
        monkeypatch.setenv(name, value)
    return folder


def test_a_repository_is_carried_at_its_commit(build: Build, project: Path, repository: Path) -> None:
    asks(project, f"packages: ['git+{ADDRESS}@main']")
    first = build()
    commit = git(repository, "rev-parse", "HEAD")
    assert f'revision = "{commit}"' in (first.path / "env/python/pylock.toml").read_text()
    assert list(wheels_of(first)) == ["my_lib-1.0-py3-none-any.whl"]
    (repository / "my_lib/__init__.py").write_text("value = 2\n")
    commit_all(repository, "second")
    repository.rename(repository.with_name("gone"))
    assert build().tag == first.tag


def test_wheels_of_the_project_are_carried(build: Build, project: Path) -> None:
    (project / "dist").mkdir()
    write_wheel(project / "dist/own-2.0-py3-none-any.whl", "own", "2.0")
    asks(project, "wheels: dist/*.whl")
    bento = build()
    digest = str(Digest.of_file(project / "dist/own-2.0-py3-none-any.whl"))
    assert wheels_of(bento) == {"own-2.0-py3-none-any.whl": digest}
    assert f"own==2.0 \\\n    --hash={digest}\n" in (bento.path / LOCK).read_text()
    assert bento.manifest.python["wheels"] == ["dist/own-2.0-py3-none-any.whl"]


def test_an_index_that_has_the_same_package_does_not_answer_for_the_projects_own(build: Build, project: Path) -> None:
    write_package(project / "lib")
    write_wheel(project / "wheels/my_lib-1.0-py3-none-any.whl", "my-lib", "1.0", requires=["nowhere-to-be-found"])
    write_wheel(project / "wheels/my_lib-9.0-py3-none-any.whl", "my-lib", "9.0")
    asks(project, "packages: [./lib]")
    bento = build()
    pins = {pin.name: pin for pin in parse_lock((bento.path / LOCK).read_text())}
    assert pins["my-lib"].hashes == tuple(wheels_of(bento).values())


def test_a_pylock_beside_pyproject_holds_the_pins(build: Build, project: Path, reporter: Recorder) -> None:
    digest = hash_of_new_wheel(project / "wheels/dep-1.0-py3-none-any.whl", "dep", "1.0")
    write_wheel(project / "wheels/dep-2.0-py3-none-any.whl", "dep", "2.0")
    (project / "pyproject.toml").write_text('[project]\nname = "x"\ndependencies = ["dep"]\n')
    assert "dep==2.0" in (build().path / LOCK).read_text()
    (project / "pylock.toml").write_text(
        'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "dep"\nversion = "1.0"\n'
        f'wheels = [{{ name = "dep-1.0-py3-none-any.whl", hashes = {{ sha256 = "{digest[7:]}" }} }}]\n'
    )
    assert f"dep==1.0 \\\n    --hash={digest}\n" in (build().path / LOCK).read_text()
    assert "lock: the pins of `pylock.toml` are taken over" in reporter.told


def hash_of_new_wheel(path: Path, name: str, version: str) -> str:
    write_wheel(path, name, version)
    return str(Digest.of_file(path))


@pytest.mark.usefixtures("store")
def test_a_committed_lock_refuses_a_library_that_changed(build: Build, project: Path) -> None:
    write_package(project / "lib")
    asks(project, "packages: [./lib]")
    lock = [sys.executable, "-m", "ekiben.cli.main", "lock", str(project)]
    subprocess.run(lock, check=True, capture_output=True)
    first = build(is_locked=True)
    assert list(wheels_of(first)) == ["my_lib-1.0-py3-none-any.whl"]
    (project / "lib/my_lib/__init__.py").write_text("value = 2\n")
    with pytest.raises(LockError, match="does not fit: `my-lib @ file:lib` has other content"):
        build(is_locked=True)


def test_no_hashed_file_names_a_path_of_the_machine(build: Build, project: Path) -> None:
    repository = write_repository(project / "libs/clone")
    write_package(project / "libs/inner", "inner")
    asks(project, f"packages: ['git+{repository.as_uri()}@main', '{project}/libs/inner']")
    bento = build()
    assert bento.manifest.python["packages"] == ["git+file:libs/clone@main", "./libs/inner"]
    ours = [path for path in parse_sums((bento.path / "SHA256SUMS").read_bytes()) if not path.startswith("src/")]
    assert not [path for path in ours if str(project.parent).encode() in (bento.path / path).read_bytes()]


def test_repositories_that_are_not_packed_are_named_to_pip_as_they_are(build: Build, project: Path) -> None:
    write_package(project / "lib", "inner")
    where = f"my-lib @ git+{ADDRESS}@main"
    asks(project, "pack_git_packages: false", f"packages: ['{where}', ./lib]")
    bento = build()
    assert list(wheels_of(bento)) == ["inner-1.0-py3-none-any.whl"]
    lines = (bento.path / INTENT).read_text().splitlines()
    assert where in lines
    assert "inner==1.0" in lines
    assert not (bento.path / LOCK).exists()


@pytest.mark.parametrize("line", ["https://index.example/x.whl", "hg+https://host/x"])
def test_what_no_wheel_is_made_of_is_refused(build: Build, project: Path, line: str) -> None:
    asks(project, f"packages: ['{line}']")
    with pytest.raises(BentofileError, match="cannot be locked"):
        build()


PASSWORD = "s3cret-p4ssw0rd"
PRIVATE = """\
service: "service:EchoService"
exclude: ["wheels/"]
python:
  lock_tool: {tool}
  index_url: http://127.0.0.1:{port}/simple
  packages: [./lib, "{app}"]
"""


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The netrc of this machine, empty; nothing else that a resolver reads is configured."""
    path = tmp_path / "netrc"
    path.touch(mode=0o600)
    monkeypatch.setenv("NETRC", str(path))
    monkeypatch.setenv("UV_NO_CACHE", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return path


@pytest.fixture
def private(tmp_path: Path, offline_wheels: Path) -> Iterator[int]:
    """The port of an index that has all a Bento needs, and lets in one user alone."""
    index = LocalIndex(tmp_path / "index")
    for wheel in offline_wheels.iterdir():
        index.add(wheel.name.split("-")[0].replace("_", "-"), "99.0")
    index.add("app", "1.0")
    with guarded(index, user="me", password=PASSWORD) as port:
        yield port


def bytes_below(*folders: Path) -> bytes:
    """Every file of these folders, joined."""
    return b"\0".join(path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("tool", ["uv", "pip-tools"])
def test_the_password_of_a_private_index_is_in_no_byte_that_a_build_writes_or_says(
    private: int, netrc: Path, project: Path, store: Store, tool: str, capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    write_package(project / "lib", requires="app")
    request = BuildRequest(project)
    caplog.set_level(logging.DEBUG)
    netrc.write_text(f"machine 127.0.0.1 login me password {PASSWORD}\n")
    (project / "bentofile.yaml").write_text(PRIVATE.format(tool=tool, port=private, app="app"))
    bento = build_bento(request, store=store, reporter=LoggingReporter())
    netrc.write_text(f"machine 127.0.0.1 login me password wrong-{PASSWORD}\n")
    (project / "bentofile.yaml").write_text(PRIVATE.format(tool=tool, port=private, app="app>=1"))
    with pytest.raises(LockError) as refused:
        build_bento(request, store=store, reporter=LoggingReporter())
    assert "app==1.0" in (bento.path / LOCK).read_text()
    assert PASSWORD.encode() not in bytes_below(store.home, project)
    assert PASSWORD not in f"{refused.value} {refused.value.hint} {caplog.text} {capfd.readouterr()}"
    assert str(private).encode() not in bytes_below(bento.path / "env")
