"""Where an export goes and what it is called there; URLs."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest

from ekiben.errors import ArchiveError, DamagedItem, ModelNotFound, PathNotFound, RemoteError, StoreError, UsageError
from ekiben.report import BYTES, SilentReporter, Task
from ekiben.store.archive.exporting import ExportRequest, export_bento, export_model
from ekiben.store.archive.formats import BENTO, MODEL, ArchiveFormat, parse_expected_format, parse_format
from ekiben.store.archive.places import Place, destination
from ekiben.store.local import Store
from ekiben.tag import Tag
from tests.store.archive.transfer import another_store, bring_bento, bring_model, send
from tests.store.making import build, entry, save

TAG = Tag("iris", "v1")


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """The file system behind `memory://`, which one process shares."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.mark.parametrize(
    ("asked", "form", "made", "made_form"),
    [
        ("a.bento", None, "a.bento", "zst"),
        ("a.tar.gz", None, "a.tar.gz", "gz"),
        ("a.tgz", None, "a.tgz", "gz"),
        ("a.TAR.XZ", None, "a.TAR.XZ", "xz"),
        ("a.zip", None, "a.zip", "zip"),
        ("a.tar", None, "a.tar", "tar"),
        ("a", None, "a.bento", "zst"),
        ("a-1.0", None, "a-1.0.bento", "zst"),
        ("a.ext", "gz", "a.ext", "gz"),
        ("dir", None, "dir/iris-v1.bento", "zst"),
        ("dir", "xz", "dir/iris-v1.tar.xz", "xz"),
        ("dir", "zip", "dir/iris-v1.zip", "zip"),
        ("new/", None, "new/iris-v1.bento", "zst"),
        (".", None, "iris-v1.bento", "zst"),
        ("s3://bucket/a.zip", None, "s3://bucket/a.zip", "zip"),
        ("s3://bucket/dir/", None, "s3://bucket/dir/iris-v1.bento", "zst"),
        ("s3://bucket/a", None, "s3://bucket/a.bento", "zst"),
        ("new", "folder", "new", "folder"),
    ],
)
def test_the_destination_says_name_and_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, form: str | None, made: str, made_form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dir").mkdir()
    place, found = destination(Place.parse(asked), TAG, BENTO, parse_format(form))
    assert (str(place), found) == (made, made_form)


def test_a_model_has_its_own_suffix(tmp_path: Path) -> None:
    place, form = destination(Place.parse(f"{tmp_path}/m"), TAG, MODEL, None)
    assert (place.file_name, form) == ("m.bentomodel", ArchiveFormat.zst)


def test_a_folder_that_exists_or_lies_behind_a_url_is_refused(tmp_path: Path) -> None:
    for asked in (str(tmp_path), "s3://bucket/dir"):
        with pytest.raises(UsageError):
            destination(Place.parse(asked), TAG, BENTO, ArchiveFormat.folder)


def test_bentomls_names_of_forms_are_known() -> None:
    assert parse_format("bento") is parse_format("bentomodel") is ArchiveFormat.zst
    assert parse_expected_format("bento") is None
    with pytest.raises(UsageError, match="`rar` is no form") as caught:
        parse_format("rar")
    assert caught.value.hint == "one of: tar, gz, bz2, xz, zst, zip, folder"


def test_a_url_with_a_password_is_refused_without_showing_it() -> None:
    with pytest.raises(UsageError) as caught:
        Place.parse("ftp://user:hunter2@host.example/a.bento")
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_file_url_is_a_path(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    archive = send(model, store, f"file://{tmp_path}/with%20space.tar")
    assert archive == f"{tmp_path}/with space.tar"
    assert bring_model(f"file://{tmp_path}/with%20space.tar", another_store(tmp_path / "there")).tag == model.tag


@pytest.mark.parametrize("begin", ["file:///", "file://localhost/", "file:/", "FILE:///", "osfs:///"])
def test_a_file_url_is_a_path_however_it_begins(begin: str) -> None:
    assert Place.parse(f"{begin}models/with%20space.tar").path == Path("/models/with space.tar")


@pytest.mark.parametrize("suffix", ["bento", "tar.gz", "zip"])
def test_an_archive_goes_to_a_url_and_comes_back(
    store: Store, tmp_path: Path, memory: fsspec.AbstractFileSystem, suffix: str
) -> None:
    bento = build(store, models=[entry(save(store, "iris"))])
    url = f"memory://bucket/deep/a.{suffix}"
    assert send(bento, store, url) == url
    there = another_store(tmp_path / "there")
    brought = bring_bento(url, there)
    assert (brought.digest, brought.details["imported"]) == (bento.digest, {"from": f"a.{suffix}"})
    local = Path(send(bento, store, tmp_path / f"a.{suffix}"))
    assert memory.cat(url) == local.read_bytes()


def test_an_export_to_a_url_that_fails_leaves_what_was_there(store: Store, memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/bucket/a.bentomodel", b"old")
    model = save(store, "iris")
    (model.path / "weights.bin").write_text("changed")
    with pytest.raises(DamagedItem):
        send(model, store, "memory://bucket/a.bentomodel")
    assert memory.cat("/bucket/a.bentomodel") == b"old"


def test_what_a_backend_refuses_is_told(store: Store, memory: fsspec.AbstractFileSystem) -> None:
    with pytest.raises(PathNotFound, match=r"`memory://bucket/none\.bento` does not exist"):
        bring_bento("memory://bucket/none.bento", store)
    memory.mkdir("/bucket/folder")
    with pytest.raises(RemoteError, match="`memory://bucket/folder` cannot be used"):
        bring_bento("memory://bucket/folder", store)
    with pytest.raises(RemoteError, match="`nonsense://` is no kind of URL"):
        bring_bento("nonsense://bucket/a.bento", store)


def test_a_backend_that_is_not_installed_is_told_with_the_package(store: Store) -> None:
    model = save(store, "iris")
    with pytest.raises(RemoteError, match="needs a package that is not installed") as caught:
        send(model, store, "abfs://container@account/a.bentomodel")
    assert caught.value.hint == "pip install ekiben[remote] adlfs"


def test_a_damaged_item_is_not_exported_and_the_old_archive_stays(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    archive = Path(send(model, store, tmp_path / "a.tar"))
    before = archive.read_bytes()
    for content in ("changes", "longer than it was", ""):
        (model.path / "weights.bin").write_text(content)
        with pytest.raises(DamagedItem, match=r"weights\.bin` has changed since it was saved"):
            send(model, store, archive)
    assert archive.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "home"]


def test_progress_is_told_in_bytes(store: Store, tmp_path: Path) -> None:
    told: list[int] = []

    class Counting(SilentReporter):
        @contextmanager
        def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
            told.append(total or 0)
            with super().task(name, total) as task:
                yield task

    model = save(store, "iris")
    export_model(ExportRequest(model.tag, str(tmp_path / "a.tar")), store=store, reporter=Counting())
    assert told[0] > model.size_bytes


def test_names_that_are_one_elsewhere_are_told_before_anything_is_written(store: Store, tmp_path: Path) -> None:
    with store.models.create("iris", version="v1") as draft:
        for name in ("labels.txt", "Labels.txt"):
            draft.path_of(name).write_text(name)
    with pytest.raises(ArchiveError, match=r"`iris:v1` cannot be exported: the names `Labels\.txt`") as caught:
        send(draft.model, store, tmp_path / "a.tar")
    assert caught.value.hint == "name that file otherwise, and save it again"
    assert not (tmp_path / "a.tar").exists()


def test_a_bento_whose_model_is_gone_is_not_exported_unless_without_models(store: Store, tmp_path: Path) -> None:
    bento = build(store, models=[entry(save(store, "iris"))])
    store.models.delete("iris", force=True)
    with pytest.raises(ModelNotFound, match="is not in the store"):
        send(bento, store, tmp_path / "a.bento")
    request = ExportRequest(bento.tag, str(tmp_path / "a.bento"))
    assert export_bento(request, with_models=False, store=store, reporter=SilentReporter())


@pytest.mark.parametrize("form", [None, ArchiveFormat.tar])
def test_an_export_does_not_take_the_place_of_a_pipe_or_device(
    store: Store, tmp_path: Path, form: ArchiveFormat | None
) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "out").symlink_to(tmp_path / "fifo")
    with pytest.raises(UsageError, match=r"`.*out` is no file"):
        send(save(store, "iris"), store, tmp_path / "out", form)
    assert (tmp_path / "out").is_fifo()


@pytest.mark.parametrize("name", ["a.tar", "a.zip", "a"])
def test_a_full_disk_ends_an_export_with_a_remedy_and_nothing_left(store: Store, small_disk: Path, name: str) -> None:
    model = save(store, "iris", random.Random(1).randbytes(2**20).hex())
    form = None if "." in name else ArchiveFormat.folder
    with pytest.raises(StoreError, match="the disk is full") as caught:
        send(model, store, small_disk / name, form)
    assert "another place for the archive" in str(caught.value.hint)
    assert list(small_disk.iterdir()) == []


def test_the_runtime_of_images_needs_no_compressor_of_ours() -> None:
    script = "import sys, ekiben.models, ekiben.bentos; print([one for one in sys.modules if 'zstandard' in one])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
