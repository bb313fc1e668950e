"""Folders, archives and repositories become wheels: the same bytes anywhere, and no work for what did not change."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import LockError, StoreError
from ekiben.packager.lock.intent import read_intent
from ekiben.packager.lock.lockfile import LockedFile, LockedPackage
from ekiben.packager.lock.origin import Origin, OwnWheel
from ekiben.packager.lock.own_wheels import Workshop, own_wheels
from ekiben.packager.lock.pip_settings import PipSettings, pip_settings
from ekiben.packager.lock.target import Target
from ekiben.packager.lock.wheel_build import WheelBuilder
from ekiben.packager.lock.wheel_cache import WheelCache
from tests.packager.lock.local_index import RecordingReporter, write_wheel
from tests.packager.lock.making_packages import commit_all, git, write_package, write_repository

AMD64 = Target("3.11", "linux/amd64")


@pytest.fixture
def counter(tmp_path: Path) -> Path:
    """A file with one letter for each build."""
    return tmp_path / "builds"


@pytest.fixture
def workshop(
    tmp_path: Path, project: Path, environ: dict[str, str], counter: Path, reporter: RecordingReporter
) -> Workshop:
    """A workshop without any index."""
    settings = PipSettings(no_index=True)
    builder = WheelBuilder(settings, {**environ, "BUILD_COUNT": str(counter)}, timeout_s=120)
    return Workshop(project, AMD64, WheelCache(tmp_path / "cache/wheels"), builder, reporter)


@pytest.fixture
def made(project: Path) -> Callable[..., list[OwnWheel]]:
    """Makes the wheels of requirement lines."""

    def make(workshop: Workshop, *lines: str) -> list[OwnWheel]:
        return list(own_wheels(read_intent(lines, project).sources, workshop).values())

    return make


def count(counter: Path) -> int:
    return len(counter.read_text()) if counter.exists() else 0


Make = Callable[..., list[OwnWheel]]


def test_a_folder_becomes_a_wheel_that_says_nothing_of_the_machine(
    project: Path, workshop: Workshop, made: Make
) -> None:
    write_package(project / "libs/my_lib")
    (wheel,) = made(workshop, "-e ./libs/my_lib")
    assert (wheel.name, wheel.version) == ("my-lib", "1.0")
    assert wheel.origin == Origin("path", "./libs/my_lib")
    assert wheel.sha256 == str(Digest.of_file(wheel.path))
    assert [path.name for path in wheel.path.parent.iterdir()] == ["my_lib-1.0-py3-none-any.whl"]
    with zipfile.ZipFile(wheel.path) as archive:
        seen = archive.read("my_lib/built_with.py").decode()
    assert "('SOURCE_DATE_EPOCH', '315532800')" in seen
    assert "('PYTHONHASHSEED', '0')" in seen


def test_the_bytes_repeat_in_another_folder_cache_umask_and_time_zone(
    project: Path, tmp_path: Path, workshop: Workshop, made: Make
) -> None:
    write_package(project / "one/deep")
    write_package(project / "two")
    before = os.umask(0o077)
    try:
        (first,) = made(workshop, "./one/deep")
    finally:
        os.umask(before)
    builder = replace(workshop.builder, environ={**workshop.builder.environ, "TZ": "Asia/Tokyo", "LC_ALL": "C"})
    (second,) = made(replace(workshop, cache=WheelCache(tmp_path / "other"), builder=builder), "./two")
    assert first.path.read_bytes() == second.path.read_bytes()


@pytest.mark.parametrize(
    ("backend", "module"), [("setuptools", "setuptools.build_meta"), ("hatchling", "hatchling.build")]
)
def test_real_backends_give_the_same_bytes_twice(
    project: Path, tmp_path: Path, workshop: Workshop, made: Make, backend: str, module: str
) -> None:
    for folder in ("one", "two"):
        package = write_package(project / folder)
        (package / "pyproject.toml").write_text(
            f'[build-system]\nrequires = ["{backend}"]\nbuild-backend = "{module}"\n'
            '[project]\nname = "my_lib"\nversion = "1.0"\n'
        )
    online = replace(workshop.builder, settings=pip_settings(os.environ), environ=os.environ)
    (first,) = made(replace(workshop, builder=online), "./one")
    tokyo = replace(online, environ={**os.environ, "TZ": "Asia/Tokyo"})
    (second,) = made(replace(workshop, builder=tokyo, cache=WheelCache(tmp_path / "other")), "./two")
    assert first.path.read_bytes() == second.path.read_bytes()


def test_what_did_not_change_is_not_built_again(project: Path, workshop: Workshop, made: Make, counter: Path) -> None:
    folder = write_package(project / "lib")
    first = made(workshop, "./lib")
    assert made(workshop, "my_lib @ file:lib") == first
    os.utime(folder / "my_lib/__init__.py", (1, 1))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/x.pyc").touch()
    (folder / "build").mkdir()
    (folder / "build/left.py").touch()
    assert made(workshop, "./lib") == first
    assert count(counter) == 1
    (folder / "my_lib/__init__.py").write_text("value = 2\n")
    assert made(workshop, "./lib") != first
    assert count(counter) == 2


def test_building_writes_nothing_into_the_project(project: Path, workshop: Workshop, made: Make) -> None:
    folder = write_package(project / "lib")
    before = sorted(path for path in folder.rglob("*"))
    made(workshop, "./lib")
    assert sorted(path for path in folder.rglob("*")) == before


def test_a_damaged_wheel_of_the_cache_is_built_again(
    project: Path, workshop: Workshop, made: Make, counter: Path
) -> None:
    write_package(project / "lib")
    (wheel,) = made(workshop, "./lib")
    content = wheel.path.read_bytes()
    wheel.path.write_bytes(content[:-1])
    made(workshop, "./lib")
    assert wheel.path.read_bytes() == content
    assert count(counter) == 2


def test_a_wheel_of_the_project_is_taken_as_it_is(project: Path, workshop: Workshop, made: Make, counter: Path) -> None:
    (project / "dist").mkdir()
    path = project / "dist/a-1.0-py3-none-any.whl"
    write_wheel(path, "a", "1.0")
    write_wheel(project / "dist/b-1.0-py3-none-any.whl", "b", "1.0")
    (wheel,) = made(workshop, "./dist/a-1.0-py3-none-any.whl")
    assert wheel.path.read_bytes() == path.read_bytes()
    assert wheel.origin == Origin("wheel", "./dist/a-1.0-py3-none-any.whl")
    assert len(list(wheel.path.parent.iterdir())) == 1
    assert count(counter) == 0


def test_a_wheel_that_is_none_or_another_is_refused(project: Path, workshop: Workshop, made: Make) -> None:
    write_wheel(project / "a-1.0-py3-none-any.whl", "a", "1.00")
    write_wheel(project / "a-2.0-py3-none-any.whl", "a", "1.0")
    write_wheel(project / "b-1.0-py3-none-any.whl", "a", "1.0")
    (project / "c-1.0-py3-none-any.whl").write_bytes(b"no wheel")
    assert len(made(workshop, "./a-1.0-py3-none-any.whl")) == 1
    for name in ("a-2.0", "b-1.0"):
        with pytest.raises(LockError, match=r"py3-none-any\.whl` calls itself `a==1\.0`"):
            made(workshop, f"./{name}-py3-none-any.whl")
    with pytest.raises(LockError, match=r"`c-1\.0-py3-none-any\.whl` is no wheel"):
        made(workshop, "./c-1.0-py3-none-any.whl")


def test_a_repository_is_built_at_its_commit_and_asked_no_more(
    project: Path, tmp_path: Path, workshop: Workshop, made: Make, counter: Path
) -> None:
    repository = write_repository(project / "repository")
    first = git(repository, "rev-parse", "HEAD")
    (wheel,) = made(workshop, f"git+{repository.as_uri()}@main")
    assert wheel.origin == Origin("vcs", "./repository", first, "main")
    (repository / "my_lib/__init__.py").write_text("value = 2\n")
    second = commit_all(repository, "second")
    assert made(workshop, f"git+{repository.as_uri()}@main") == [wheel]
    (newer,) = made(replace(workshop, is_fresh=True), f"git+{repository.as_uri()}@main")
    assert newer.origin.revision == second
    (repository / ".git").rename(tmp_path / "gone")
    (exact,) = made(workshop, f"git+{repository.as_uri()}@{first}")
    assert (exact.path, exact.origin.revision) == (wheel.path, first)
    assert count(counter) == 2


@pytest.mark.parametrize("name", ["", "my-lib @ "])
def test_a_locked_commit_is_kept_though_the_branch_moved(
    project: Path, workshop: Workshop, made: Make, name: str
) -> None:
    repository = write_repository(project / "repository")
    first = git(repository, "rev-parse", "HEAD")
    (repository / "my_lib/__init__.py").write_text("value = 2\n")
    commit_all(repository, "second")
    origin = Origin("vcs", "./repository", first, "main")
    locked = replace(
        workshop, preferred=(LockedPackage("my-lib", "1.0", (LockedFile("", "sha256:aa"),), origin=origin),)
    )
    (wheel,) = made(replace(locked, is_fresh=True), f"{name}git+{repository.as_uri()}@main")
    assert wheel.origin == origin


def test_a_locked_commit_is_not_kept_for_another_branch_or_tag(project: Path, workshop: Workshop, made: Make) -> None:
    repository = write_repository(project / "repository")
    first = git(repository, "rev-parse", "HEAD")
    (repository / "my_lib/__init__.py").write_text("value = 2\n")
    second = commit_all(repository, "second")
    origin = Origin("vcs", "./repository", first, "v1")
    locked = replace(
        workshop, preferred=(LockedPackage("my-lib", "1.0", (LockedFile("", "sha256:aa"),), origin=origin),)
    )
    (wheel,) = made(locked, f"my-lib @ git+{repository.as_uri()}@main")
    assert wheel.origin == Origin("vcs", "./repository", second, "main")


def test_a_subdirectory_of_a_repository_is_built(project: Path, workshop: Workshop, made: Make) -> None:
    repository = project / "repository"
    write_package(repository / "packages/inner", "inner")
    git(repository, "init", "--quiet")
    commit_all(repository, "first")
    (wheel,) = made(workshop, f"git+{repository.as_uri()}#subdirectory=packages/inner")
    assert wheel.name == "inner"
    with pytest.raises(LockError, match="has no folder `nowhere`"):
        made(workshop, f"git+{repository.as_uri()}#subdirectory=nowhere")


def test_a_marker_that_does_not_hold_for_the_target_builds_nothing(
    project: Path, workshop: Workshop, made: Make
) -> None:
    write_package(project / "lib")
    assert made(workshop, "./lib ; sys_platform == 'win32'", "./lib ; platform_machine == 'aarch64'") == []
    assert (
        len(made(replace(workshop, target=Target("3.11", "linux/arm64")), "./lib ; platform_machine == 'aarch64'")) == 1
    )


def test_a_wheel_that_the_target_cannot_install_is_refused(project: Path, workshop: Workshop, made: Make) -> None:
    write_package(project / "lib", tag="cp311-cp311-linux_x86_64")
    assert len(made(workshop, "./lib")) == 1
    with pytest.raises(LockError, match=r"cannot be installed for Python 3\.11 on linux/arm64"):
        made(replace(workshop, target=Target("3.11", "linux/arm64")), "./lib")


def test_a_requirement_by_another_name_is_refused(project: Path, workshop: Workshop, made: Make) -> None:
    write_package(project / "lib")
    with pytest.raises(LockError, match="is the package `my-lib`"):
        made(workshop, "other @ file:lib")


def test_one_package_from_two_places_is_refused(project: Path, workshop: Workshop, made: Make) -> None:
    write_package(project / "one")
    write_package(project / "two", version="2.0")
    with pytest.raises(LockError, match="`my-lib` comes from two places"):
        made(workshop, "./one", "./two")


def test_a_failed_build_is_explained_by_its_backend(project: Path, workshop: Workshop, made: Make) -> None:
    folder = write_package(project / "lib")
    (folder / "backend.py").write_text("def build_wheel(*_):\n    raise SystemExit('the reason')\n")
    with pytest.raises(LockError, match=r"no wheel can be built of `\./lib`: .*the reason"):
        made(workshop, "./lib")


def test_a_link_out_of_a_package_is_refused(project: Path, workshop: Workshop, made: Make) -> None:
    folder = write_package(project / "lib")
    (folder / "my_lib/passwd.py").symlink_to("/etc/passwd")
    with pytest.raises(LockError, match="cannot be packed"):
        made(workshop, "./lib")


def test_a_cache_that_cannot_be_written_is_told(project: Path, tmp_path: Path, workshop: Workshop, made: Make) -> None:
    write_package(project / "lib")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be used"):
        made(replace(workshop, cache=WheelCache(tmp_path / "file/wheels")), "./lib")
