"""Locks that other tools wrote are taken over: pins, hashes, markers and places."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import uv

from ekiben.errors import LockError
from ekiben.packager.lock.foreign_pylock import Chosen
from ekiben.packager.lock.intent import read_intent
from ekiben.packager.lock.project_locks import is_project_lock, project_lock_lines
from ekiben.packager.lock.request import LockRequest
from ekiben.packager.lock.resolve import lock_requirements
from tests.packager.lock.local_index import LocalIndex, RecordingReporter
from tests.packager.lock.making_packages import ADDRESS, addressed, git, write_package, write_repository

PYPROJECT = """
[project]
name = "demo"
version = "0.1"
requires-python = ">=3.11"
dependencies = ["App>=1", "windows-only; sys_platform == 'win32'", {more}]
[project.optional-dependencies]
fast = ["extra-one"]
[dependency-groups]
dev = ["tester"]
[tool.uv]
package = false
"""
A, B = "a" * 64, "b" * 64
PYLOCK = f"""
lock-version = "1.0"
created-by = "somebody"
extras = ["fast"]
dependency-groups = ["dev", "docs"]
default-groups = ["docs"]

[[packages]]
name = "App"
version = "1.0"
marker = "sys_platform == 'linux'"
sdist = {{ name = "app-1.0.tar.gz", url = "https://index.example/app-1.0.tar.gz", hashes = {{ sha256 = "{B}" }} }}
wheels = [
  {{ name = "app-1.0-py3-none-any.whl", url = "https://index.example/x.whl", size = 1, hashes = {{ sha256 = "{A}" }} }},
]

[[packages]]
name = "chosen"
version = "1"
marker = "'fast' in extras and python_version > '3'"
wheels = [{{ name = "chosen-1-py3-none-any.whl", path = "w/chosen-1-py3-none-any.whl", hashes = {{ sha256 = "{A}" }} }}]

[[packages]]
name = "documented"
version = "1"
marker = "'docs' in dependency_groups"
wheels = [{{ name = "documented-1-py3-none-any.whl", url = "https://index.example/y", hashes = {{ sha256 = "{A}" }} }}]

[[packages]]
name = "lib"
directory = {{ path = "libs/lib", editable = true }}

[[packages]]
name = "repo"
vcs = {{ type = "git", url = "https://host/x.git", commit-id = "{"c" * 40}", subdirectory = "s" }}
"""


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "UV_PYTHON_DOWNLOADS": "never"}


def write_project(project: Path, index: LocalIndex, environ: Mapping[str, str], *more: str, sources: str = "") -> None:
    """A project with a uv.lock that uv made, whose index is `index`."""
    listed = ", ".join(json.dumps(one) for one in more)
    where = f'[[tool.uv.index]]\nurl = "{index.url}"\ndefault = true\n'
    (project / "pyproject.toml").write_text(PYPROJECT.format(more=listed) + sources + where)
    done = subprocess.run([uv.find_uv_bin(), "lock"], cwd=project, env=dict(environ), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def filled(index: LocalIndex) -> dict[str, str]:
    """The hashes of the packages in the index."""
    names = ("windows-only", "extra-one", "tester", "dep")
    return {name: index.add(name, "1.0") for name in names} | {"app": index.add("app", "1.0", requires=["dep"])}


def test_a_uv_lock_gives_its_pins_with_hashes_and_markers(
    project: Path, index: LocalIndex, filled: dict[str, str], environ: dict[str, str]
) -> None:
    write_project(project, index, environ)
    intent = read_intent(project_lock_lines(project, "uv.lock", Chosen(), environ), project)
    assert intent.text == (
        f"app==1.0 --hash={filled['app']}\n"
        f"dep==1.0 --hash={filled['dep']}\n"
        f'windows-only==1.0 ; sys_platform == "win32" --hash={filled["windows-only"]}\n'
    )


def test_extras_and_groups_of_a_uv_lock_are_chosen(
    project: Path, index: LocalIndex, filled: dict[str, str], environ: dict[str, str]
) -> None:
    write_project(project, index, environ)
    lines = project_lock_lines(project, "uv.lock", Chosen(("fast",), ("dev",)), environ)
    assert {one.name for one in read_intent(lines, project).requirements} == {*filled}
    with pytest.raises(LockError, match=r"`uv\.lock` cannot be read: .*nosuch"):
        project_lock_lines(project, "uv.lock", Chosen(("nosuch",)), environ)


def test_no_index_is_asked_when_a_uv_lock_is_read(
    project: Path, index: LocalIndex, filled: dict[str, str], environ: dict[str, str]
) -> None:
    write_project(project, index, environ)
    index.simple.parent.rename(project / "gone")
    assert filled.keys() >= {one.split("==")[0] for one in project_lock_lines(project, "uv.lock", Chosen(), environ)}


def test_places_in_a_uv_lock_are_sources_of_the_project(
    project: Path, index: LocalIndex, filled: dict[str, str], environ: dict[str, str], tmp_path: Path
) -> None:
    write_package(project / "libs/inner", "inner")
    repository = write_repository(tmp_path / "repository")
    environ |= addressed(repository)
    inner = 'inner = { path = "libs/inner", editable = true }'
    where = f'{inner}\nmy-lib = {{ git = "{ADDRESS}", tag = "v1" }}\n'
    write_project(project, index, environ, "inner", "my-lib", sources=f"[tool.uv.sources]\n{where}")
    intent = read_intent(project_lock_lines(project, "uv.lock", Chosen(), environ), project)
    commit = git(repository, "rev-parse", "HEAD")
    assert [one.text for one in intent.sources] == [
        "./libs/inner",
        f"my-lib @ git+{ADDRESS}@{commit}",
    ]
    assert filled["app"] in intent.text


@pytest.mark.parametrize("change", [("App>=1", "App>=2"), ('"App>=1"', '"App>=1", "added"')])
def test_a_uv_lock_that_is_older_than_its_pyproject_is_refused(
    project: Path, index: LocalIndex, filled: dict[str, str], environ: dict[str, str], change: tuple[str, str]
) -> None:
    write_project(project, index, environ)
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(*change))
    with pytest.raises(
        LockError, match=r"`uv\.lock` is older than what pyproject\.toml says of `a(pp|dded)`"
    ) as caught:
        project_lock_lines(project, "uv.lock", Chosen(), environ)
    assert "uv lock" in (caught.value.hint or "")
    assert filled


@pytest.mark.parametrize("text", ["package = 1", "package = [1]", '[[package]]\nname = "demo"\nsource = 1', "["])
def test_what_is_no_uv_lock_is_refused(project: Path, environ: dict[str, str], text: str) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT.format(more=""))
    (project / "uv.lock").write_text(text)
    with pytest.raises(LockError, match=r"`uv\.lock` (is no|cannot be read)"):
        project_lock_lines(project, "uv.lock", Chosen(), environ)


def test_what_a_uv_lock_pins_is_what_is_locked_whatever_the_index_has_by_now(
    project: Path, index: LocalIndex, filled: dict[str, str], environ: dict[str, str], tmp_path: Path
) -> None:
    write_project(project, index, environ)
    index.add("app", "2.0")
    index.add("own", "1.0")
    lines = project_lock_lines(project, "uv.lock", Chosen(), environ)
    request = LockRequest(requirements=("own", *lines), project=project, python="3.12", index_url=index.url)
    lock = lock_requirements(request, cache=tmp_path / "cache", reporter=RecordingReporter(), environ=environ)
    assert [f"{one.name}=={one.version}" for one in lock.packages] == ["app==1.0", "dep==1.0", "own==1.0"]
    assert lock.packages[0].hashes == (filled["app"],)


def test_a_pylock_gives_pins_places_and_the_groups_that_are_its_defaults(project: Path) -> None:
    (project / "pylock.toml").write_text(PYLOCK)
    lines = project_lock_lines(project, "pylock.toml", Chosen(), os.environ)
    assert lines == (
        f"App==1.0 ; sys_platform == 'linux' --hash=sha256:{A} --hash=sha256:{B}",
        f"chosen==1 ; python_version < '0' and python_version > '3' --hash=sha256:{A}",
        f"documented==1 ; python_version >= '0' --hash=sha256:{A}",
        "lib @ file:libs/lib",
        f"repo @ git+https://host/x.git@{'c' * 40}#subdirectory=s",
    )


def test_extras_and_groups_of_a_pylock_are_chosen(project: Path) -> None:
    (project / "locks").mkdir()
    (project / "locks/pylock.prod.toml").write_text(PYLOCK)
    lines = project_lock_lines(project, "locks/pylock.prod.toml", Chosen(("Fast",), ("dev",)), os.environ)
    assert lines[1].startswith("chosen==1 ; python_version >= '0' and")
    assert lines[2].startswith("documented==1 ; python_version < '0' ")
    assert lines[3] == "lib @ file:locks/libs/lib"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[", "is no TOML"),
        ("", "no pylock.toml of version 1"),
        ('lock-version = "2.0"', "no pylock.toml of version 1"),
        ('lock-version = "1.0"\npackages = [1]\n', "`packages.0`: input should be"),
        ('lock-version = "1.0"\npackages = 1\n', "`packages`: input should be"),
        ('lock-version = "1.0"\n[[packages]]\nversion = "x"\n', "`packages.0.name`: field required"),
    ],
)
def test_what_is_no_pylock_is_refused(project: Path, text: str, words: str) -> None:
    (project / "pylock.toml").write_text(text)
    with pytest.raises(LockError, match=words):
        project_lock_lines(project, "pylock.toml", Chosen(), os.environ)


@pytest.mark.parametrize(
    ("name", "is_lock"),
    [("uv.lock", True), ("a/pylock.toml", True), ("pylock.a.toml", True), ("pylock.a.b.toml", False), ("r.txt", False)],
)
def test_a_lock_is_known_by_its_name(name: str, is_lock: bool) -> None:
    assert is_project_lock(name) == is_lock
