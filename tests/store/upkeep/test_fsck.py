"""fsck: what is wrong is named, what something else proves is mended, and the rest is left as it is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable

import pytest

from ekiben.report import SilentReporter
from ekiben.store.index import index_path
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.sums import SUMS
from ekiben.store.upkeep.fsck import Checked, check_store
from tests.store import processes
from tests.store.making import assert_whole, build, entry

LARGE = os.urandom(100_000)


def check(store: Store, *, repairs: bool = False) -> Checked:
    """What fsck finds."""
    return check_store(store, SilentReporter(), repairs=repairs)


def told(checked: Checked) -> list[str]:
    """What is left of it, in words."""
    return [str(one) for one in checked.left]


def save_two(store: Store) -> tuple[Model, Model]:
    """Two models with a small file in common, of which each has its own copy."""
    found = []
    for note in ("one", "other"):
        with store.models.create("iris") as draft:
            draft.path_of("common.txt").write_text("common")
            draft.path_of("note.txt").write_text(note)
        found.append(draft.model)
    return found[0], found[1]


@pytest.fixture
def full(store: Store) -> Store:
    """A store with models, and a Bento that needs one."""
    one, _ = save_two(store)
    build(store, models=[entry(one)])
    return store


def overwrite(model: Model) -> None:
    """A file that another version has, too, with other bytes."""
    (model.path / "common.txt").write_text("damaged")


def lose_file(model: Model) -> None:
    """A file that another version has, too."""
    (model.path / "common.txt").unlink()


def change_modes(model: Model) -> None:
    """Of a file and of the item's folder."""
    (model.path / "note.txt").chmod(0o666)
    model.path.chmod(0o700)


def lose_receipt(model: Model) -> None:
    """receipt.yaml."""
    (model.path / "receipt.yaml").unlink()


def garble_receipt(model: Model) -> None:
    """receipt.yaml."""
    (model.path / "receipt.yaml").write_bytes(b"\xff{")


def lose_sums(model: Model) -> None:
    """SHA256SUMS."""
    (model.path / SUMS).unlink()


def lose_sums_and_receipt(model: Model) -> None:
    """Both: the version tells what the files have to give."""
    lose_sums(model)
    lose_receipt(model)


def garble_sums(model: Model) -> None:
    """SHA256SUMS."""
    (model.path / SUMS).write_text("garbage")


def garble_latest(model: Model) -> None:
    """`latest` of the name."""
    (model.path.parent / "latest").write_bytes(b"\xff\x00 not a line")


def lose_latest(model: Model) -> None:
    """`latest` of the name."""
    (model.path.parent / "latest").unlink()


def leave_an_empty_name(model: Model) -> None:
    """A folder of a name without a version."""
    (model.path.parent.parent / "empty").mkdir()
    (model.path.parent.parent / "empty" / "latest").write_text("v1 2025-01-01T00:00:00Z\n")


def tear_the_index(model: Model) -> None:
    """The index of the receipts."""
    torn = model.path.parents[2] / "cache" / "index" / "models.receipts"
    torn.parent.mkdir(parents=True, exist_ok=True)
    torn.write_bytes(b"ekiben-index 1 00000000\ntorn")


def spoil_a_blob(model: Model) -> None:
    """A blob of a cache."""
    blob = model.path.parents[2] / "cache" / "layers" / "blobs" / "sha256" / ("0" * 64)
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_text("not what it says")


MENDABLE: list[Callable[[Model], None]] = [
    *(overwrite, lose_file, change_modes, lose_receipt, garble_receipt, lose_sums, garble_sums, lose_sums_and_receipt),
    *(garble_latest, lose_latest, leave_an_empty_name, tear_the_index, spoil_a_blob),
]


def test_a_store_that_is_whole_has_no_findings(full: Store) -> None:
    assert check(full) == Checked((), ())


def test_no_store_has_no_findings_and_is_not_made(store: Store) -> None:
    assert check(store, repairs=True) == Checked((), ())
    assert not store.home.exists()


@pytest.mark.parametrize("damage", MENDABLE)
def test_what_something_else_proves_is_mended(full: Store, damage: Callable[[Model], None]) -> None:
    models = full.models.list()
    damage(models[0])
    found = check(full)
    assert found.left
    assert all(one.repair for one in found.left)
    assert check(full, repairs=True).left == ()
    assert check(full) == Checked((), ())
    for model in models:
        assert_whole(full.models.get(model.tag))


def test_everything_at_once_is_mended(full: Store) -> None:
    for damage in (overwrite, change_modes, lose_receipt, garble_latest, tear_the_index):
        damage(full.models.list()[-1])
    assert check(full, repairs=True).left == ()


def lose_the_only_copy(model: Model) -> None:
    """A file that no other version has."""
    (model.path / "note.txt").unlink()


def add_a_file(model: Model) -> None:
    """Somebody's."""
    (model.path / "added.txt").write_text("mine")


def link_a_file(model: Model) -> None:
    """A link in the place of a file."""
    (model.path / "note.txt").unlink()
    (model.path / "note.txt").symlink_to("/etc/hostname")


def rename_the_version(model: Model) -> None:
    """By hand."""
    model.path.rename(model.path.with_name("renamed"))


def put_something_else(model: Model) -> None:
    """A file where names are."""
    (model.path.parent.parent / "NOTES.txt").write_text("mine")


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lose_the_only_copy, "`note.txt` is missing"),
        (add_a_file, "`added.txt` was added"),
        (link_a_file, "`note.txt` is a link"),
        (rename_the_version, "the folder was renamed"),
        (put_something_else, "models/NOTES.txt: is neither a model nor anything of ours"),
    ],
)
def test_what_nothing_proves_is_named_and_left(store: Store, damage: Callable[[Model], None], what: str) -> None:
    _, model = save_two(store)
    damage(model)
    before = sorted(store.layout.models.rglob("*"))
    assert [one.repair for one in check(store).left] == [None]
    assert [what in line for line in told(check(store, repairs=True))] == [True]
    assert sorted(store.layout.models.rglob("*")) == before


def test_a_bento_whose_model_is_missing_or_another_is_named(full: Store) -> None:
    (bento,) = full.bentos.list()
    model = bento.manifest.models[0].tag
    full.models.delete(model, force=True)
    assert told(check(full)) == [f"Bento {bento.tag}: its model `{model}` is not in the store"]


def test_a_shared_file_is_damaged_in_both_versions_and_mended_from_a_third(store: Store) -> None:
    shared = []
    for note in ("one", "other"):
        with store.models.create("iris") as draft:
            draft.path_of("weights.bin").write_bytes(LARGE)
            draft.path_of("note.txt").write_text(note)
        shared.append(draft.model)
    copy = store.home / "copy"
    shutil.copyfile(shared[0].path / "weights.bin", copy)
    with (shared[0].path / "weights.bin").open("r+b") as stream:
        stream.write(b"damaged")
    assert len(check(store, repairs=True).left) >= 1
    copy.replace(shared[0].path / "weights.bin")
    assert check(store, repairs=True).left == ()


def test_an_executable_stays_one(store: Store) -> None:
    bento = build(store)
    manifest = bento.path / "src" / "service.py"
    manifest.chmod(0o755)
    assert check(store, repairs=True).left == ()
    assert manifest.stat().st_mode & 0o777 == 0o644


def test_what_a_dead_process_left_is_swept_and_the_living_is_not(store: Store) -> None:
    living, dead = processes.start("hold"), processes.start("hold")
    for process in (living, dead):
        assert process.stdout is not None
        process.stdout.readline()
    dead.kill()
    dead.communicate()
    assert len(check(store).left) == 1
    assert check(store, repairs=True).left == ()
    assert len(list(store.layout.tmp.iterdir())) == 1
    living.kill()
    living.communicate()


def test_findings_are_plain_for_json(full: Store) -> None:
    overwrite(full.models.list()[0])
    (finding,) = check(full).left
    assert json.loads(json.dumps(finding.to_dict()))["is_repairable"] is True
    assert not index_path(full.layout, "models.receipts").exists()


def test_a_folder_in_the_place_of_a_file_is_named(full: Store) -> None:
    model = full.models.list()[0]
    (model.path / "note.txt").unlink()
    (model.path / "note.txt").mkdir()
    assert any("`note.txt` is a folder" in line for line in told(check(full, repairs=True)))
