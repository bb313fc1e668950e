"""The base image's digest: `ekiben lock` asks a real registry for it, builds use what the lock says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ekiben.oci.entries import Entry
from ekiben.oci.reference import Reference
from ekiben.oci.registry.registry import Registry
from ekiben.packager.audit.audit import audit_bento
from ekiben.packager.lock.base_image import BaseImage
from ekiben.packager.locking import Locking, Upgrade
from ekiben.packager.project_lock import ProjectLock, ProjectLockRequest, check_project_lock, lock_project
from ekiben.store.local import Store
from tests.oci.registry.real_registry import RealRegistry
from tests.packager.conftest import BENTOFILE, Build, Recorder
from tests.packager.image.native.tiny_base import DEBIAN, base_of

Lock = Callable[..., ProjectLock]


@pytest.fixture
def base(registry: RealRegistry) -> str:
    return f"{registry.host}/python:3.11-bookworm"


@pytest.fixture
def lock(project: Path, base: str, store: Store, reporter: Recorder) -> Lock:
    """Locks a project on `base`, whose packages come from a folder and whose index is empty."""

    def lock_it(*, is_total: bool = False, check: bool = False, **environ: str) -> ProjectLock:
        asked = ProjectLockRequest(project=project, upgrade=Upgrade(is_total=is_total))
        locking = Locking(store.cache, reporter)
        locking = replace(locking, environ={**locking.environ, **environ})
        return check_project_lock(asked, locking) if check else lock_project(asked, locking)

    index = project.parent / "simple"
    index.mkdir()
    text = BENTOFILE.replace("  no_index: true\n", f"  index_url: {index.as_uri()}\n")
    (project / "bentofile.yaml").write_text(f"{text}docker:\n  base_image: {base}\n")
    return lock_it


def put(base: str, folder: Path, *more: Entry) -> str:
    """Moves the base's tag to an image; its digest."""
    reference = Reference.parse(base)
    image = base_of(folder, [*DEBIAN, *more])
    return str(Registry.open(reference.host, environ={}).push_image(image, reference).manifest.digest)


PATCH = Entry.file("etc/patch", b"")


def test_a_lock_records_the_digest_and_keeps_it_until_all_is_upgraded(
    lock: Lock, base: str, reporter: Recorder, tmp_path: Path
) -> None:
    old = put(base, tmp_path / "blobs")
    assert lock().content.inputs.base.digest == old
    new = put(base, tmp_path / "blobs", PATCH)
    assert not lock().is_changed
    upgraded = lock(is_total=True)
    assert (upgraded.is_changed, upgraded.content.inputs.base.digest) == (True, new)
    assert f"base image {base}@{old} -> {base}@{new}" in reporter.told
    assert lock(check=True).content.inputs.base.digest == new


def test_a_build_stands_on_the_digest_of_its_lock_and_asks_no_registry(
    lock: Lock, build: Build, base: str, registry: RealRegistry, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    digest = put(base, tmp_path / "blobs")
    lock()
    registry.kill()
    bento = build(is_locked=True)
    assert bento.manifest.docker["base_image"] == f"{base}@{digest}"
    assert f"FROM {base}@{digest} AS base" in bento.path_of("env/docker/Containerfile").read_text()
    assert "EKB030" not in {one.code.id for one in audit_bento(bento, store.models, reporter).sorted.open}


def test_the_image_that_python_is_copied_from_is_pinned_as_the_base_is(
    lock: Lock, build: Build, project: Path, base: str, store: Store, reporter: Recorder, tmp_path: Path
) -> None:
    digest = put(base, tmp_path / "blobs", PATCH)
    copied = base.replace("bookworm", "slim")
    its = put(copied, tmp_path / "blobs")
    bentofile = project / "bentofile.yaml"
    bentofile.write_text(f"{bentofile.read_text()}  cuda_version: 12\n  python_image: {copied}\n")
    assert lock().content.inputs.interpreter == BaseImage(copied, its)
    assert f'[python-image]\nreference = "{copied}"\ndigest = "{its}"\n' in (project / "bento.lock").read_text()
    assert not lock().is_changed
    new = put(copied, tmp_path / "blobs", PATCH)
    bento = build(is_locked=True)
    assert f"FROM {copied}@{its} AS python\n" in bento.path_of("env/docker/Containerfile").read_text()
    assert bento.manifest.docker["base_image"] == f"{base}@{digest}"
    assert bento.manifest.docker["python_image"] == f"{copied}@{its}"
    assert "EKB030" not in {one.code.id for one in audit_bento(bento, store.models, reporter).sorted.open}
    assert lock(is_total=True).content.inputs.interpreter == BaseImage(copied, new)
    assert f"Python of {copied}@{its} -> {copied}@{new}" in reporter.told


def test_without_a_registry_the_lock_is_made_and_keeps_the_digest_that_it_had(
    lock: Lock, base: str, registry: RealRegistry, reporter: Recorder, tmp_path: Path
) -> None:
    digest = put(base, tmp_path / "blobs")
    lock()
    registry.kill()
    assert lock(is_total=True).content.inputs.base.digest == digest
    (warning,) = reporter.warned
    assert warning.startswith(f"the digest of the base image `{base}` is not to be had, {digest} is kept: ")


def test_a_base_that_the_registry_lacks_is_locked_without_a_digest(lock: Lock, base: str, reporter: Recorder) -> None:
    assert lock().content.inputs.base.digest is None
    assert any("the lock goes without" in line for line in reporter.warned)


def test_an_older_lock_gets_the_digest_when_the_registry_answers(lock: Lock, base: str, tmp_path: Path) -> None:
    lock()
    digest = put(base, tmp_path / "blobs")
    again = lock()
    assert (again.is_changed, again.content.inputs.base.digest) == (True, digest)


def test_where_no_index_is_asked_no_registry_is(lock: Lock, base: str, reporter: Recorder, tmp_path: Path) -> None:
    put(base, tmp_path / "blobs")
    made = lock(UV_OFFLINE="1")
    assert made.content.inputs.base.digest is None
    assert "the digest of the base image is not recorded: where no index is asked, no registry is" in reporter.told


def test_a_digest_in_the_bentofile_is_the_one(
    lock: Lock, project: Path, base: str, registry: RealRegistry, reporter: Recorder, tmp_path: Path
) -> None:
    written = put(base, tmp_path / "blobs")
    put(base, tmp_path / "blobs", PATCH)
    bentofile = project / "bentofile.yaml"
    bentofile.write_text(bentofile.read_text().replace(base, f"{base}@{written}"))
    registry.kill()
    assert lock(is_total=True).content.inputs.base.digest == written
    assert reporter.warned == []
