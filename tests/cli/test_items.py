"""`list`, `get`, `delete` on a real store: what a script reads is bare, and nothing is deleted unasked."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from ekiben.store.local import Store
from tests.cli.conftest import Run, put_bento, put_model


def test_an_empty_store_lists_as_an_empty_array(run: Run) -> None:
    done = run("list", "-o", "json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_list_gives_json_and_nothing_else(run: Run, store: Store) -> None:
    older, newer = put_bento(store, "one", "1"), put_bento(store, "two", "2")
    rows = json.loads(run("list", "-o", "json").stdout)
    assert [row["tag"] for row in rows] == [str(newer), str(older)]
    assert all(row["size_bytes"] > 0 and row["created"] for row in rows)


def test_an_item_without_its_manifest_does_not_fail_the_list(run: Run, store: Store) -> None:
    kept, damaged = put_model(store, "one", "1"), put_model(store, "two", "2")
    (store.models.get(damaged).path / "model.yaml").unlink()
    table = run("models", "list").stdout
    assert str(kept) in table
    assert str(damaged) in table
    listed = run("models", "list", "-o", "json")
    assert [row["tag"] for row in json.loads(listed.stdout)] == [str(kept)]
    assert f"`{damaged}` is left out" in listed.stderr


def test_list_takes_a_name(run: Run, store: Store) -> None:
    put_bento(store, "one", "1")
    kept = put_bento(store, "two", "2")
    assert [row["tag"] for row in yaml.safe_load(run("list", "two", "-o", "yaml").stdout)] == [str(kept)]


def test_a_piped_table_is_one_line_per_item(run: Run, store: Store) -> None:
    tag = put_bento(store, "a" * 63, "1")
    lines = run("list").stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(str(tag))


def test_a_path_is_bare_and_never_wrapped(run: Run, store: Store) -> None:
    tag = put_bento(store, "b" * 63, "1")
    printed = run("get", str(tag), "-o", "path").stdout
    assert printed.count("\n") == 1
    assert Path(printed.strip()) == store.bentos.get(tag).path


def test_a_unique_start_of_a_version_is_enough_to_read(run: Run, store: Store) -> None:
    tag = put_model(store, "iris", "1")
    short = str(tag)[: len("iris:") + 5]
    assert yaml.safe_load(run("models", "get", short).stdout)["tag"] == str(tag)


def test_a_tree_names_every_file(run: Run, store: Store) -> None:
    tag = put_bento(store, "one", "1")
    assert "service.py  1 B" in run("get", str(tag), "-o", "tree").stdout


def test_what_is_not_there_is_an_error_on_stderr(run: Run) -> None:
    done = run("get", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no Bento `nowhere")


def test_deleting_without_a_terminal_needs_yes(run: Run, store: Store) -> None:
    tag = put_bento(store, "one", "1")
    done = run("delete", str(tag), stdin="y\n")
    assert done.returncode == 2
    assert "pass --yes" in done.stderr
    assert [bento.tag for bento in store.bentos.list()] == [tag]


def test_a_name_deletes_every_version_of_it(run: Run, store: Store) -> None:
    for number in range(3):
        put_bento(store, "one", str(number))
    kept = put_bento(store, "two", "2")
    assert run("delete", "one", "--yes").returncode == 0
    assert [bento.tag for bento in store.bentos.list()] == [kept]


def test_latest_deletes_the_last_version_alone(run: Run, store: Store) -> None:
    first, last = put_model(store, "one", "1"), put_model(store, "one", "2")
    assert run("models", "delete", "one:latest", "-y").returncode == 0
    assert [model.tag for model in store.models.list()] == [first]
    assert last != first


def test_a_start_of_a_version_is_not_enough_to_delete(run: Run, store: Store) -> None:
    tag = put_model(store, "one", "1")
    done = run("models", "delete", str(tag)[:-1], "-y")
    assert done.returncode == 1
    assert f"did you mean `{tag}`" in done.stderr
    assert [model.tag for model in store.models.list()] == [tag]


def test_a_damaged_version_is_deleted_as_a_whole_one_is(run: Run, store: Store) -> None:
    tag, kept = put_model(store, "one", "1"), put_model(store, "one", "2")
    (store.home / "models/one" / str(tag.version) / "receipt.yaml").write_text("tag:")
    hint = run("models", "get", str(tag)).stderr
    assert f"delete `{tag}` and make it again" in hint
    assert run("models", "delete", str(tag), "-y").returncode == 0
    assert store.models.tags("one") == [kept]


def test_a_name_deletes_its_damaged_versions_too(run: Run, store: Store) -> None:
    tags = [put_bento(store, "one", text) for text in "123"]
    (store.home / "bentos/one" / str(tags[1].version) / "receipt.yaml").write_text("")
    assert run("delete", "one", "-y").returncode == 0
    assert not (store.home / "bentos/one").exists()


def test_nothing_is_deleted_unless_every_target_is_there(run: Run, store: Store) -> None:
    tag = put_bento(store, "one", "1")
    assert run("delete", f"{tag},nowhere:1", "-y").returncode == 1
    assert [bento.tag for bento in store.bentos.list()] == [tag]
