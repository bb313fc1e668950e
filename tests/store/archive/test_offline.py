"""Wheels and bases in an archive: what comes in is what its name says, what the Bento asks for, and all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ArchiveError
from ekiben.oci.layout import Layout
from ekiben.report import SilentReporter
from ekiben.store.archive.exporting import ExportRequest, export_bento
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.member import Member
from ekiben.store.archive.offline import OfflineParts
from ekiben.store.local import Store
from ekiben.store.sums import OFFLINE, OFFLINE_BASES, OFFLINE_WHEELS, offline_blob
from tests.packager.image.native.tiny_base import DEBIAN, base_of
from tests.packager.small_bento import make_wheel, save_model, small_bento
from tests.store.archive.transfer import another_store, bring_bento, bring_model, send

PLATFORM = "linux/amd64"
HEAVY = {"scipy/__init__.py": "x = 1\n", "scipy/machine.py": ""}
TAG = "cp311-cp311-manylinux_2_17_x86_64"


@pytest.fixture
def there(tmp_path: Path) -> Store:
    return another_store(tmp_path / "there")


def parts_of(folder: Path) -> OfflineParts:
    """A wheel and a base, made in `folder`."""
    (folder / "wheels").mkdir(parents=True)
    wheel = make_wheel(folder / "wheels", "scipy", "1.0", HEAVY, TAG)
    Layout(folder / "bases").add(base_of(folder / "blobs", DEBIAN), "python:3.11")
    files = {f"{OFFLINE_WHEELS}/{wheel.name}": wheel}
    files |= {
        f"{OFFLINE_BASES}/{path.relative_to(folder / 'bases')}": path
        for path in (folder / "bases").rglob("*")
        if path.is_file()
    }
    return OfflineParts((PLATFORM,), tuple(_member(path, file) for path, file in files.items()))


def _member(path: str, file: Path) -> Member:
    blob = offline_blob(path)
    return Member(path, file, file.stat().st_size, digest=Digest(blob) if blob else None)


@pytest.fixture
def folder(store: Store, tmp_path: Path) -> Path:
    """An archive that is a folder."""
    bento = small_bento(store, platforms=(PLATFORM,), carries_heavy=False)
    request = ExportRequest(bento.tag, str(tmp_path / "archive"), ArchiveFormat.folder)
    export_bento(request, offline=parts_of(tmp_path / "parts"), store=store, reporter=SilentReporter())
    return tmp_path / "archive"


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
