"""`prune`, `du` and `fsck` as commands: nothing goes unasked, data is bare, findings are exit code 1."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ekiben.store.local import Store
from tests.cli.conftest import Run, put_bento, put_model


def test_prune_without_a_rule_says_what_rules_there_are(run: Run) -> None:
    done = run("prune")
    assert done.returncode == 2
    assert "--older-than 30d" in done.stderr


def test_prune_without_a_terminal_wants_to_be_told(run: Run, store: Store) -> None:
    for text in ("1", "2"):
        put_bento(store, "svc", text)
    assert run("prune", "--keep", "1").returncode == 2
    assert len(store.bentos.list()) == 2


def test_a_dry_run_shows_what_a_prune_then_deletes(run: Run, store: Store) -> None:
    old, _ = (put_bento(store, "svc", text) for text in ("1", "2"))
    shown = json.loads(run("prune", "--keep", "1", "--dry-run", "-o", "json").stdout)
    assert [(row["kind"], row["tag"], row["is_deleted"]) for row in shown] == [("Bento", str(old), False)]
    done = json.loads(run("prune", "--keep", "1", "--yes", "-o", "json").stdout)
    assert [(row["tag"], row["is_deleted"]) for row in done] == [(str(old), True)]
    assert len(store.bentos.list()) == 1


def test_prune_takes_one_name(run: Run, store: Store) -> None:
    for name in ("one", "two"):
        for text in ("1", "2"):
            put_bento(store, name, text)
    assert run("prune", "one", "--keep", "0", "-y").returncode == 0
    assert {bento.tag.name for bento in store.bentos.list()} == {"two"}


def test_the_name_of_bentos_is_none_for_models(run: Run) -> None:
    assert run("prune", "svc", "--keep", "1", "--models").returncode == 2


def test_models_that_nothing_needs_go_by_age(run: Run, store: Store) -> None:
    old, kept = put_model(store, "iris", "1"), put_model(store, "iris", "2")
    assert "0 of 0" in run("models", "prune", "--keep", "1", "-y").stderr
    assert str(old) in run("models", "prune", "--older-than", "0s", "-y").stdout
    assert [model.tag for model in store.models.list()] == [kept]


def test_caches_go_by_size(run: Run, store: Store) -> None:
    blob = store.cache / "layers" / "blobs" / "sha256" / "aa"
    blob.parent.mkdir(parents=True)
    blob.write_bytes(b"x" * 9000)
    assert json.loads(run("prune", "--max-cache", "1MB", "-y", "-o", "json").stdout) == []
    (row,) = json.loads(run("prune", "--max-cache", "1KB", "-y", "-o", "json").stdout)
    assert (row["path"], blob.exists()) == ("layers/blobs/sha256/aa", False)


@pytest.mark.parametrize("option", [["--keep", "1"], ["name"], ["--models"], ["--label", "a=b"]])
def test_rules_for_items_are_none_for_caches(run: Run, option: list[str]) -> None:
    assert run("prune", "--cache", *option).returncode == 2


def test_an_empty_store_has_nothing_to_prune_and_is_not_made(run: Run, store: Store) -> None:
    assert run("prune", "--cache", "-y").returncode == 0
    assert run("prune", "--keep", "1", "--models", "-n").returncode == 0
    assert run("fsck").returncode == 0
    assert not store.home.exists()


def test_du_tells_names_and_versions(run: Run, store: Store) -> None:
    tag = put_model(store, "iris", "1")
    rows = json.loads(run("du", "-o", "json").stdout)
    assert ("model", "iris") in [(row["kind"], row["name"]) for row in rows]
    versions = json.loads(run("du", "iris", "-o", "json").stdout)
    assert [row["name"] for row in versions] == [str(tag), "iris"]
    assert "Its own" in run("du").stdout


def test_fsck_prints_what_is_amiss_and_ends_with_1(run: Run, store: Store) -> None:
    model = store.models.get(put_model(store, "iris", "1"))
    (model.path / "weights.txt").chmod(0o600)
    done = run("fsck", "-o", "json")
    (row,) = json.loads(done.stdout)
    assert (done.returncode, row["where"], row["is_repairable"]) == (1, f"model {model.tag}", True)
    mended = run("fsck", "--repair")
    assert (mended.returncode, mended.stdout) == (0, "")
    assert "repaired" in mended.stderr


def test_fsck_ends_with_1_where_something_is_left(run: Run, store: Store) -> None:
    model = store.models.get(put_model(store, "iris", "1"))
    (model.path / "weights.txt").unlink()
    done = run("fsck", "--repair")
    assert done.returncode == 1
    assert "`weights.txt` is missing" in done.stdout


def test_a_shared_folder_is_swept_of_what_no_version_leads_to(run: Run, store: Store, tmp_path: Path) -> None:
    remote = str(tmp_path / "shared")
    first, second = (put_model(store, "iris", text) for text in ("1", "2"))
    for model in (first, second):
        assert run("models", "push", str(model), "--to", remote).returncode == 0
    assert run("models", "delete", "--from", remote, str(first), "--yes").returncode == 0
    condemned = json.loads(run("prune", "--from", remote, "--older-than", "0s", "--yes", "-o", "json").stdout)
    assert condemned
    assert not any(row["is_removed"] for row in condemned)
    swept = json.loads(run("prune", "--from", remote, "--older-than", "0s", "--yes", "-o", "json").stdout)
    assert {row["file"] for row in swept if row["is_removed"]} == {row["file"] for row in condemned}
    assert run("models", "delete", str(second), "--yes").returncode == 0
    assert run("models", "pull", str(second), "--from", remote).returncode == 0


def test_a_registry_is_not_swept(run: Run) -> None:
    done = run("prune", "--from", "localhost:1/team", "--yes")
    assert done.returncode == 2
    assert "garbage collection" in done.stderr


@pytest.mark.parametrize("option", [["--keep", "1"], ["--cache"], ["--models"], ["--dry-run"]])
def test_rules_for_items_are_none_for_remotes(run: Run, tmp_path: Path, option: list[str]) -> None:
    assert run("prune", "--from", str(tmp_path), *option).returncode == 2
