"""A project's lock: written by `ekiben lock`, used by `build`, and never silently out of date."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from ekiben.errors import LockError, UsageError
from ekiben.packager.locking import Locking, Upgrade
from ekiben.packager.project_lock import ProjectLock, ProjectLockRequest, check_project_lock, lock_project
from ekiben.store.bentos import Bento
from ekiben.store.local import Store
from tests.packager.conftest import BENTOFILE, Build, Recorder
from tests.packager.lock.making_packages import commit_all, git, write_repository
from tests.packager.small_bento import make_wheel

Lock = Callable[..., ProjectLock]
AMD, ARM = "linux/amd64", "linux/arm64"


@pytest.fixture
def locking(store: Store, reporter: Recorder) -> Locking:
    return Locking(store.cache, reporter)


@pytest.fixture
def lock(project: Path, locking: Locking) -> Lock:
    """Locks the project, which asks for `light`."""

    def lock_it(*platforms: str, **upgrade: object) -> ProjectLock:
        request = ProjectLockRequest(
            project=project,
            platforms=platforms,
            upgrade=Upgrade(**upgrade),  # type: ignore[arg-type]
        )
        return lock_project(request, locking)

    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [light]\n")
    add(project, "light", "1.0")
    return lock_it


def add(project: Path, name: str, version: str) -> None:
    make_wheel(project / "wheels", name, version, {f"{name}.py": ""})


def hide_wheels(project: Path) -> None:
    """Takes away every place that a package could come from."""
    shutil.rmtree(project / "wheels")
    (project / "wheels").mkdir()


def versions(made: ProjectLock, platform: str = AMD) -> dict[str, str]:
    found = made.content.lock_for(platform)
    return {one.name: one.version for one in found.packages} if found else {}


def receipt(bento: Bento) -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load(bento.path_of("receipt.yaml").read_text())
    return loaded


def test_a_build_uses_the_committed_lock_and_asks_nobody(
    lock: Lock, build: Build, project: Path, store: Store, reporter: Recorder
) -> None:
    made = lock()
    first = build()
    hide_wheels(project)
    shutil.rmtree(store.cache)
    again = build(is_locked=True)
    assert again.tag == first.tag
    assert receipt(again)["lock"]["source"] == "bento.lock"
    assert receipt(again)["lock"]["created"] == made.content.locks[0].created.isoformat()
    assert "lock: bento.lock, less than a minute old" in reporter.told


def test_the_bento_carries_pins_and_files_and_no_bento_lock(lock: Lock, build: Build, project: Path) -> None:
    lock()
    (project / "gpu.bento.lock").touch()
    (project / ".bento.lock.77.new").touch()
    bento = build()
    pylock = tomllib.loads(bento.path_of("env/python/pylock.toml").read_text())
    (light,) = (one for one in pylock["packages"] if one["name"] == "light")
    assert light["wheels"][0]["name"] == "light-1.0-py3-none-any.whl"
    assert (
        f"--hash=sha256:{light['wheels'][0]['hashes']['sha256']}"
        in bento.path_of("env/python/requirements.lock").read_text()
    )
    assert not list(bento.path.rglob("*bento.lock*"))


def test_a_stale_lock_is_told_and_its_pins_are_kept(
    lock: Lock, build: Build, project: Path, reporter: Recorder
) -> None:
    lock()
    add(project, "light", "2.0")
    add(project, "other", "1.0")
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [light, other]\n")
    text = build().path_of("env/python/requirements.lock").read_text()
    assert "light==1.0" in text
    assert "other==1.0" in text
    assert "`bento.lock` does not fit: `other` is new" in reporter.warned
    with pytest.raises(LockError, match="does not fit: `other` is new"):
        build(is_locked=True)


def test_a_missing_lock_is_refused_where_it_is_asked_for(build: Build) -> None:
    with pytest.raises(LockError, match=r"bento\.lock` does not exist") as caught:
        build(is_locked=True)
    assert "ekiben lock" in (caught.value.hint or "")


def test_a_damaged_lock_stops_a_build_and_is_replaced_by_lock(lock: Lock, build: Build, project: Path) -> None:
    (project / "bento.lock").write_text("lock-version = 1\n")
    with pytest.raises(LockError, match=r"bento\.lock"):
        build()
    assert lock().is_changed
    build(is_locked=True)


def test_several_platforms_have_a_lock_each(lock: Lock, build: Build) -> None:
    lock(AMD, ARM)
    bento = build(platforms=(ARM, AMD), is_locked=True)
    manifest = bento.manifest
    assert (manifest.platform, manifest.platforms) == (ARM, (ARM, AMD))
    folder = bento.path_of("env/python")
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        "requirements.in",
        *("requirements.lock", "requirements-linux-amd64.lock", "requirements-linux-arm64.lock"),
        *("pylock.toml", "pylock.linux-amd64.toml", "pylock.linux-arm64.toml"),
    }
    assert (folder / "pylock.toml").read_text() == (folder / "pylock.linux-arm64.toml").read_text()
    assert "aarch64" in (folder / "pylock.linux-arm64.toml").read_text()
    assert "x86_64" in (folder / "pylock.linux-amd64.toml").read_text()


def test_a_platform_that_is_not_locked_is_told(lock: Lock, build: Build, project: Path) -> None:
    lock()
    with pytest.raises(LockError, match="nothing is locked for linux/arm64") as caught:
        build(platforms=(ARM,), is_locked=True)
    assert (caught.value.hint or "").startswith(f"`ekiben lock {project} --platform {AMD} --platform {ARM}` ")


def test_the_hint_locks_the_platform_that_is_built_for(lock: Lock, build: Build, project: Path) -> None:
    lock(ARM)
    with pytest.raises(LockError, match="nothing is locked for linux/amd64") as caught:
        build(is_locked=True)
    assert (caught.value.hint or "").startswith(f"`ekiben lock {project} --platform {ARM} --platform {AMD}` ")
    lock(ARM, AMD)
    build(is_locked=True)


def test_locking_again_changes_nothing(lock: Lock, project: Path) -> None:
    assert lock().is_changed
    before = (project / "bento.lock").read_bytes()
    add(project, "light", "2.0")
    assert not lock().is_changed
    assert (project / "bento.lock").read_bytes() == before


def test_the_same_project_gives_the_same_lock_but_for_its_time(lock: Lock, project: Path, store: Store) -> None:
    lock()
    first = (project / "bento.lock").read_text()
    (project / "bento.lock").unlink()
    shutil.rmtree(store.cache)
    lock()
    second = (project / "bento.lock").read_text()
    assert [line for line in first.splitlines() if not line.startswith("created")] == [
        line for line in second.splitlines() if not line.startswith("created")
    ]


def test_only_the_named_package_is_upgraded(lock: Lock, project: Path, reporter: Recorder) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [light, other]\n")
    add(project, "other", "1.0")
    lock()
    for name in ("light", "other"):
        add(project, name, "2.0")
    made = lock(names=frozenset({"Light"}))
    assert (versions(made)["light"], versions(made)["other"]) == ("2.0", "1.0")
    assert "linux/amd64: light 1.0 -> 2.0" in reporter.told
    assert versions(lock(is_total=True))["other"] == "2.0"


def test_an_upgrade_of_a_repository_tells_its_commits(lock: Lock, project: Path, reporter: Recorder) -> None:
    commits = [git(write_repository(project / "clone"), "rev-parse", "HEAD")]
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [light, 'git+file:clone']\n")
    lock()
    (project / "clone/my_lib/__init__.py").write_text("value = 2\n")
    commits.append(commit_all(project / "clone", "second"))
    assert not lock(names=frozenset({"light"})).is_changed
    assert lock(names=frozenset({"my-lib"})).is_changed
    assert f"linux/amd64: my-lib 1.0 ({commits[0][:9]}) -> 1.0 ({commits[1][:9]})" in reporter.told


def test_an_upgrade_of_a_stranger_is_refused_with_the_nearest_name(lock: Lock) -> None:
    lock()
    with pytest.raises(UsageError, match="`lihgt` is not locked") as caught:
        lock(names=frozenset({"lihgt"}))
    assert caught.value.hint == "did you mean `light`?"


def test_an_upgrade_of_a_stranger_is_refused_where_nothing_was_locked_before(lock: Lock, project: Path) -> None:
    with pytest.raises(UsageError, match="`lihgt` is not locked") as caught:
        lock(names=frozenset({"lihgt"}))
    assert caught.value.hint == "did you mean `light`?"
    assert not (project / "bento.lock").exists()
    assert versions(lock(names=frozenset({"Light"})))["light"] == "1.0"


def test_new_platforms_take_the_versions_of_the_first(lock: Lock, project: Path) -> None:
    lock()
    add(project, "light", "2.0")
    made = lock(AMD, ARM)
    assert versions(made, ARM) == versions(made)
    assert versions(made)["light"] == "1.0"


def test_the_platforms_that_are_locked_stay_so(lock: Lock, project: Path) -> None:
    lock(AMD, ARM)
    add(project, "light", "2.0")
    made = lock(is_total=True)
    assert versions(made, ARM)["light"] == versions(made)["light"] == "2.0"
    assert not versions(lock(AMD), ARM)


def test_the_check_says_what_changed_and_writes_nothing(lock: Lock, project: Path, locking: Locking) -> None:
    request = ProjectLockRequest(project=project)
    with pytest.raises(LockError, match=r"bento\.lock` does not exist"):
        check_project_lock(request, locking)
    lock()
    before = (project / "bento.lock").read_bytes()
    check_project_lock(request, locking)
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [light<2]\ndocker: {{python_version: '3.13'}}\n")
    with pytest.raises(LockError) as caught:
        check_project_lock(request, locking)
    for phrase in ("`light<2` is new", "`light` is gone", "python:3.13-slim", "is for Python 3.13"):
        assert phrase in str(caught.value)
    assert (project / "bento.lock").read_bytes() == before


def test_the_image_has_the_python_that_is_locked(lock: Lock, build: Build, project: Path) -> None:
    bentofile = (project / "bentofile.yaml").read_text()
    (project / "bentofile.yaml").write_text(f"{bentofile}docker: {{python_version: '3.13'}}\n")
    lock()
    (project / "bentofile.yaml").write_text(bentofile)
    manifest = build(is_locked=True).manifest
    assert (manifest.python["version"], manifest.docker["python_version"]) == ("3.13", "3.13")


def test_a_base_image_of_another_system_is_locked_for_its_c_library(lock: Lock, project: Path) -> None:
    bentofile = (project / "bentofile.yaml").read_text()
    (project / "bentofile.yaml").write_text(f"{bentofile}docker: {{base_image: 'debian:11@sha256:{'a' * 64}'}}\n")
    content = lock().content
    assert content.locks[0].target.libc == "manylinux_2_31"
    assert (content.inputs.base.reference, content.inputs.base.digest) == ("debian:11", f"sha256:{'a' * 64}")


@pytest.mark.parametrize(
    ("docker", "libc", "base", "python"),
    [
        ("cuda_version: '12.4'", "manylinux_2_35", "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04", "bullseye"),
        ("cuda_version: 12", "manylinux_2_39", "nvidia/cuda:12.9.1-cudnn-runtime-ubuntu24.04", "bookworm"),
        ("distro: ubi9", "manylinux_2_34", "registry.access.redhat.com/ubi9/ubi-minimal:latest", None),
        ("distro: ubi8", "manylinux_2_28", "registry.access.redhat.com/ubi8/ubi-minimal:latest", None),
        ("distro: amazonlinux", "manylinux_2_34", "amazonlinux:2023", None),
    ],
)
def test_what_a_bentofile_says_of_its_base_is_locked_for_that(
    lock: Lock, project: Path, docker: str, libc: str, base: str, python: str | None
) -> None:
    bentofile = (project / "bentofile.yaml").read_text()
    (project / "bentofile.yaml").write_text(f"{bentofile}docker: {{python_version: '3.12', {docker}}}\n")
    content = lock().content
    assert content.locks[0].target.libc == libc
    assert content.inputs.base.reference == base
    copied = content.inputs.interpreter
    assert (copied and copied.reference) == (python and f"python:3.12-slim-{python}")
    assert not lock().is_changed


def test_a_locked_python_that_the_distribution_lacks_is_told(lock: Lock, project: Path) -> None:
    bentofile = (project / "bentofile.yaml").read_text()
    (project / "bentofile.yaml").write_text(f"{bentofile}docker: {{python_version: '3.13'}}\n")
    lock()
    (project / "bentofile.yaml").write_text(f"{bentofile}docker: {{distro: ubi9}}\n")
    with pytest.raises(LockError, match=r"`docker\.python_version` is `3\.13`, which `ubi9` has no package of"):
        lock()


def test_without_locking_the_requirements_are_kept_as_written(build: Build, project: Path, reporter: Recorder) -> None:
    (project / "bentofile.yaml").write_text(f"{BENTOFILE}  packages: [nowhere>=7]\n  lock_packages: false\n")
    bento = build()
    assert bento.manifest.python["lock_packages"] is False
    assert receipt(bento)["lock"] is None
    assert not bento.path_of("env/python/requirements.lock").exists()
    assert "nowhere>=7\n" in bento.path_of("env/python/requirements.in").read_text()
    containerfile = bento.path_of("env/docker/Containerfile").read_text()
    assert containerfile.count("--require-hashes") == 1  # of the runtime
    assert any("lock_packages" in one for one in reporter.warned)
    with pytest.raises(LockError, match="leaves nothing to be locked"):
        build(is_locked=True)


def test_the_time_up_to_which_files_count_is_recorded(lock: Lock) -> None:
    made = lock(exclude_newer=datetime(2099, 1, 1, tzinfo=UTC).isoformat().replace("+00:00", "Z"))
    assert made.content.locks[0].exclude_newer == "2099-01-01T00:00:00Z"
