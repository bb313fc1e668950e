"""What an import does to a store, and what it refuses."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ArchiveError, ModelNotFound, NotTrusted, PathNotFound, VersionTaken
from ekiben.report import SilentReporter
from ekiben.store.archive.exporting import ExportRequest, export_bento
from ekiben.store.archive.formats import ArchiveFormat
from ekiben.store.archive.importing import ImportRequest, import_bento, import_model
from ekiben.store.archive.index import INDEX
from ekiben.store.archive.limits import Limits
from ekiben.store.local import Store
from ekiben.store.receipt import RECEIPT
from ekiben.store.signatures import sign, store_signature, subject_of
from ekiben.store.sums import SUMS, format_sums, parse_sums
from ekiben.trust.keys import generate_key
from ekiben.trust.policy import Policy
from tests.store.archive.crafting import MODEL_YAML, item_files, model_tar, tar_file, tar_of, write
from tests.store.archive.transfer import another_store, bring_bento, bring_model, send
from tests.store.making import build, entry, leftovers, save


@pytest.fixture
def there(tmp_path: Path) -> Store:
    """The store of another machine."""
    return another_store(tmp_path / "there")


def test_an_imported_item_is_the_latest_and_its_receipt_says_where_it_came_from(
    store: Store, there: Store, tmp_path: Path
) -> None:
    old = save(store, "iris", "old")
    archive = send(old, store, tmp_path / "old.tar")
    save(there, "iris", "new")
    assert bring_model(archive, there) == there.models.get("iris")
    assert there.models.get("iris").details["imported"] == {"from": "old.tar"}


def test_the_same_content_again_is_fine_and_keeps_the_receipt_of_its_making(store: Store, tmp_path: Path) -> None:
    indexes = {"indexes": {"index_url": "https://index.example/simple"}}
    bento = build(store, receipt=indexes)
    archive = send(bento, store, tmp_path / "a.bento")
    build(store, content="other")
    assert bring_bento(archive, store).details == indexes
    assert store.bentos.get("svc") == bento


@pytest.mark.parametrize("order", ["12", "21"])
def test_two_bentos_that_share_a_model_import_in_either_order(
    store: Store, there: Store, tmp_path: Path, order: str
) -> None:
    shared = entry(save(store, "iris"))
    made = {number: build(store, content=number, models=[shared]) for number in "12"}
    for number in order:
        bring_bento(send(made[number], store, tmp_path / f"{number}.bento"), there)
    assert {one.tag for one in there.bentos.list()} == {one.tag for one in made.values()}
    assert [one.tag for one in there.models.list()] == [shared.tag]
    assert [model.tag for model in there.models.list()] == [shared.tag]


def test_other_content_under_a_named_version_is_refused_and_nothing_changes(
    store: Store, there: Store, tmp_path: Path
) -> None:
    model, other = save(store, "wine", "a", "v1"), save(there, "wine", "b", "v1")
    bento = build(store, models=[entry(model), entry(save(store, "iris"))])
    with pytest.raises(VersionTaken, match="`wine:v1` exists with other content") as caught:
        bring_bento(send(bento, store, tmp_path / "a.bento"), there)
    assert caught.value.hint == "delete that model first, or import into another store (EKIBEN_HOME)"
    assert there.models.list() == [other]
    assert there.bentos.list() == []
    assert leftovers(there) == []


def test_a_bento_without_its_models_needs_them_in_the_store(store: Store, there: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    bento = build(store, models=[entry(model)])
    request = ExportRequest(bento.tag, str(tmp_path / "a.bento"))
    archive = export_bento(request, with_models=False, store=store, reporter=SilentReporter())
    with pytest.raises(ModelNotFound, match="neither in the archive nor in the store") as caught:
        bring_bento(archive, there)
    assert caught.value.hint == "import that model first, or export the Bento with its models"
    bring_model(send(model, store, tmp_path / "m.bentomodel"), there)
    assert bring_bento(archive, there).digest == bento.digest


def test_a_model_is_no_bento_and_the_error_says_which_command_it_wants(store: Store, tmp_path: Path) -> None:
    model = save(store, "iris")
    with pytest.raises(ArchiveError, match="it holds a model") as caught:
        bring_bento(send(model, store, tmp_path / "a.bento"), store)
    assert caught.value.hint == "use `ekiben models import`"


@pytest.mark.parametrize("path", ["weights.bin", SUMS, "model.yaml", INDEX])
def test_any_file_that_is_not_what_it_was_is_refused_by_name(
    store: Store, there: Store, tmp_path: Path, path: str
) -> None:
    folder = Path(send(save(store, "iris"), store, tmp_path / "folder", ArchiveFormat.folder))
    changed = bytearray((folder / path).read_bytes())
    changed[len(changed) // 2] ^= 1
    (folder / path).write_bytes(changed)
    with pytest.raises(ArchiveError, match=path if path not in (SUMS, INDEX) else "cannot be imported"):
        bring_model(folder, there)
    assert there.models.list() == []


def test_a_file_added_or_missing_is_refused_by_name(store: Store, there: Store, tmp_path: Path) -> None:
    folder = Path(send(save(store, "iris"), store, tmp_path / "folder", ArchiveFormat.folder))
    (folder / "added.py").touch()
    with pytest.raises(ArchiveError, match=r"`added\.py`"):
        bring_model(folder, there)
    (folder / "added.py").unlink()
    (folder / "weights.bin").unlink()
    with pytest.raises(ArchiveError, match=r"`weights\.bin`"):
        bring_model(folder, there)


def test_a_model_that_is_none_of_the_bentos_is_refused(store: Store, there: Store, tmp_path: Path) -> None:
    folder = Path(send(build(store), store, tmp_path / "folder", ArchiveFormat.folder))
    stray = save(store, "stray")
    send(stray, store, folder / "models/stray" / str(stray.tag.version), ArchiveFormat.folder)
    with pytest.raises(ArchiveError, match=r"`stray:.*` in it is none of the Bento's"):
        bring_bento(folder, there)


def test_a_program_that_is_not_there_is_refused_before_any_model_is_committed(
    store: Store, there: Store, tmp_path: Path
) -> None:
    bento = build(store, models=[entry(save(store, "iris"))])
    folder = Path(send(bento, store, tmp_path / "folder", ArchiveFormat.folder))
    manifest = folder / "bento.yaml"
    manifest.write_text(manifest.read_text().replace("executables: []", "executables: [src/gone.sh]"))
    digests = {path: Digest.of_file(folder / path) for path in parse_sums((folder / SUMS).read_bytes())}
    (folder / SUMS).write_bytes(format_sums(digests))
    (folder / INDEX).unlink()
    with pytest.raises(ArchiveError, match=r"`src/gone\.sh` is to be executable and is not in it"):
        bring_bento(folder, there)
    assert there.models.list() == []


def test_a_folder_that_is_no_item_is_refused_before_anything_is_copied(there: Store, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data" / "fifo")
    with pytest.raises(ArchiveError, match=r"holds neither a `bento\.yaml` nor a `model\.yaml`"):
        bring_model(tmp_path, there)


def test_the_folder_of_a_name_is_refused_with_one_of_its_versions(store: Store, there: Store) -> None:
    model = save(store, "iris", "1", "v1")
    save(store, "iris", "2", "v2")
    with pytest.raises(ArchiveError) as caught:
        bring_model(model.path.parent, there)
    assert caught.value.hint == f"name the folder of one version, such as `{model.path}`"


def test_a_fifo_in_a_folder_is_refused_and_not_read(store: Store, there: Store, tmp_path: Path) -> None:
    folder = Path(send(save(store, "iris"), store, tmp_path / "folder", ArchiveFormat.folder))
    os.mkfifo(folder / "pipe")
    with pytest.raises(ArchiveError, match="`pipe` is of an unknown kind"):
        bring_model(folder, there)


def test_a_receipt_in_an_archive_is_believed_in_nothing_but_the_tag(there: Store, tmp_path: Path) -> None:
    receipt = b"tag: iris:v7\ndigest: sha256:00\ncreated: never\nindexes: {index_url: https://evil.example}\n"
    model = bring_model(write(tmp_path, model_tar(tar_file(RECEIPT, receipt))), there)
    assert str(model.tag) == "iris:v7"
    assert b"evil" not in (model.path / RECEIPT).read_bytes()


def test_a_version_made_from_other_content_is_refused(there: Store, tmp_path: Path) -> None:
    receipt = tar_file(RECEIPT, b"tag: iris:kvfzwdxgicq56ax4\n")
    ours = {"model.yaml": MODEL_YAML + b"context: {ekiben_version: 0.1.0}\n"}
    with pytest.raises(ArchiveError, match="called `iris:kvfzwdxgicq56ax4`, which is made from other content"):
        bring_model(write(tmp_path, model_tar(receipt, files=ours)), there)


def test_sums_in_another_order_are_refused(there: Store, tmp_path: Path) -> None:
    files = item_files()
    files[SUMS] = b"".join(reversed(files[SUMS].splitlines(keepends=True)))
    with pytest.raises(ArchiveError, match="is not written as ours are"):
        bring_model(write(tmp_path, tar_of(*(tar_file(path, data) for path, data in files.items()))), there)


def test_an_archive_of_a_newer_ekiben_is_refused_in_words(there: Store, tmp_path: Path) -> None:
    index = b"archive: 3\n"
    with pytest.raises(ArchiveError, match="made by a newer ekiben") as caught:
        bring_model(write(tmp_path, model_tar(tar_file(INDEX, index))), there)
    assert caught.value.hint == "upgrade ekiben"


def test_a_wrong_form_that_was_named_and_a_missing_file_are_told(store: Store, tmp_path: Path) -> None:
    archive = send(save(store, "iris"), store, tmp_path / "a.zip")
    request = ImportRequest(archive, ArchiveFormat.xz)
    with pytest.raises(ArchiveError, match="its form is `zip` and not `xz`"):
        import_model(request, store=store, reporter=SilentReporter())
    with pytest.raises(PathNotFound, match=r"none\.bento` does not exist"):
        bring_bento(tmp_path / "none.bento", store)


def test_limits_count_an_archive_that_is_a_folder_too(store: Store, there: Store, tmp_path: Path) -> None:
    folder = send(save(store, "iris"), store, tmp_path / "folder", ArchiveFormat.folder)
    with pytest.raises(ArchiveError, match="more than 2 files"):
        import_model(ImportRequest(folder, limits=Limits(max_files=2)), store=there, reporter=SilentReporter())


def test_signatures_travel_and_a_policy_wants_them(store: Store, there: Store, tmp_path: Path) -> None:
    bento, key = build(store), generate_key("test.key")
    policy = Policy("import", (key.public,))
    unsigned = send(bento, store, tmp_path / "unsigned.bento")
    with pytest.raises(NotTrusted, match="is not signed by a trusted key"):
        import_bento(ImportRequest(unsigned, policy=policy), store=there, reporter=SilentReporter())
    assert there.bentos.list() == []
    subject = subject_of(bento)
    path = store_signature(subject, sign(subject, key), key.public, store.layout)
    signed = send(bento, store, tmp_path / "signed.bento")
    brought = import_bento(ImportRequest(signed, policy=policy), store=there, reporter=SilentReporter())
    assert (brought.path / "signatures" / path.name).read_bytes() == path.read_bytes()
