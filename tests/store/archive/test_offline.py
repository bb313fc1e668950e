"""Wheels and bases in an archive: what comes in is what its name says, what the Bento asks for, and all of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, StoreError
from ekiben.oci.entries import Entry
from ekiben.oci.layout import Layout
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.local import Store
from ekiben.store.sums import OFFLINE, OFFLINE_BASES, OFFLINE_WHEELS
from tests.oci.images import is_whole
from tests.packager.small_bento import save_model, small_bento
from tests.store.archive.carrying import BASE, PLATFORM, parts_of, send_with
from tests.store.archive.transfer import another_store, bring_bento, bring_model, send


@pytest.fixture
def there(tmp_path: Path) -> Store:
    return another_store(tmp_path / "there")


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Path:
    """An archive that is a folder."""
    bento = small_bento(store, platforms=(PLATFORM,), carries_heavy=False)
    return send_with(parts_of(tmp_path / "parts"), bento, store, tmp_path / "archive", ArchiveFormat.folder)


def refusal(folder: Path, there: Store) -> str:
    """What is said of the archive, of which nothing comes into the store."""
    with pytest.raises(ArchiveError) as caught:
        bring_bento(folder, there)
    assert there.bentos.list() == []
    return str(caught.value)


def blobs(folder: Path) -> list[Path]:
    return sorted((folder / OFFLINE_BASES / "blobs/sha256").iterdir())


def test_what_came_along_lies_beside_the_bento(folder: Path, there: Store) -> None:
    bento = bring_bento(folder, there)
    kept = {str(path.relative_to(bento.path)) for path in (bento.path / OFFLINE).rglob("*") if path.is_file()}
    assert kept == {str(path.relative_to(folder)) for path in (folder / OFFLINE).rglob("*") if path.is_file()}
    assert {path.stat().st_mode & 0o777 for path in (bento.path / OFFLINE).rglob("*") if path.is_file()} == {0o644}


def test_it_is_no_part_of_an_archive_unless_asked_for(folder: Path, there: Store, tmp_path: Path) -> None:
    bento = bring_bento(folder, there)
    send(bento, there, tmp_path / "plain", ArchiveFormat.folder)
    assert not (tmp_path / "plain" / OFFLINE).exists()
    assert (tmp_path / "plain/ekiben-archive.yaml").read_text().startswith("archive: 1\n")


def test_a_wheel_with_other_bytes_is_refused(folder: Path, there: Store) -> None:
    next((folder / OFFLINE_WHEELS).iterdir()).write_bytes(b"another")
    assert "is no wheel that the Bento is locked to" in refusal(folder, there)


def test_a_wheel_that_nothing_asks_for_is_refused(folder: Path, there: Store) -> None:
    (folder / OFFLINE_WHEELS / "more-1.0-py3-none-any.whl").write_bytes(b"more")
    assert "more-1.0-py3-none-any.whl` is no wheel" in refusal(folder, there)


def test_a_blob_with_other_bytes_is_refused(folder: Path, there: Store) -> None:
    blobs(folder)[0].chmod(0o644)
    blobs(folder)[0].write_bytes(b"another")
    assert "has other bytes than its name says" in refusal(folder, there)


def test_a_base_that_lacks_a_blob_is_refused(folder: Path, there: Store) -> None:
    largest = max(blobs(folder), key=lambda path: path.stat().st_size)
    largest.unlink()
    assert "lacks" in refusal(folder, there)


def test_a_blob_that_is_of_no_image_is_refused(folder: Path, there: Store) -> None:
    content = b"what nobody asked for"
    (folder / OFFLINE_BASES / "blobs/sha256" / Digest.of_bytes(content).hex).write_bytes(content)
    assert "has blobs that are of no image" in refusal(folder, there)


@pytest.mark.parametrize("name", ["index.json", "oci-layout"])
def test_a_base_without_its_documents_is_refused(folder: Path, there: Store, name: str) -> None:
    (folder / OFFLINE_BASES / name).unlink()
    assert "is missing in it" in refusal(folder, there)


def test_an_index_that_is_none_is_refused(folder: Path, there: Store) -> None:
    (folder / OFFLINE_BASES / "index.json").chmod(0o644)
    (folder / OFFLINE_BASES / "index.json").write_text("[]")
    assert str(there.home) not in refusal(folder, there)


def test_anything_else_among_them_is_refused(folder: Path, there: Store) -> None:
    (folder / OFFLINE / "setup.py").write_text("import os")
    assert "setup.py" in refusal(folder, there)


def test_an_archive_that_was_stripped_of_them_is_refused(folder: Path, there: Store) -> None:
    for path in sorted((folder / OFFLINE).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    assert "does not hold the wheels and the base" in refusal(folder, there)


def test_a_model_has_no_such_parts(store: Store, there: Store, folder: Path, tmp_path: Path) -> None:
    model = save_model(store, "iris")
    send(model, store, tmp_path / "model", ArchiveFormat.folder)
    (folder / OFFLINE).rename(tmp_path / "model" / OFFLINE)
    with pytest.raises(ArchiveError, match="added"):
        bring_model(tmp_path / "model", there)


def test_an_import_that_fails_half_way_leaves_the_base_that_was_there(store: Store, tmp_path: Path) -> None:
    bento = small_bento(store, platforms=(PLATFORM,), carries_heavy=False)
    first, second = (
        send_with(
            parts_of(tmp_path / f"parts-{name}", Entry.file("etc/name", name.encode())), bento, store, tmp_path / name
        )
        for name in "12"
    )
    bring_bento(first, store)
    before = Layout(bento.path / OFFLINE_BASES).image(BASE)
    blobs = tmp_path / "parts-2/bases/blobs/sha256"
    in_the_way = bento.path / OFFLINE_BASES / "blobs/sha256" / max(path.name for path in blobs.iterdir())
    (in_the_way / "folder").mkdir(parents=True)
    with pytest.raises(StoreError):
        bring_bento(second, store)
    assert Layout(bento.path / OFFLINE_BASES).image(BASE).digest == before.digest
    shutil.rmtree(in_the_way)
    bring_bento(second, store)
    after = Layout(bento.path / OFFLINE_BASES).image(BASE)
    assert after.digest != before.digest
    assert is_whole(after)
