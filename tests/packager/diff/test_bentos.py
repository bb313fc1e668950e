"""Everything that differs between two Bentos, seen on real ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from ekiben.errors import DamagedItem
from ekiben.packager.diff.bentos import BentoDiff, diff_bentos
from ekiben.packager.diff.files import FileChange
from ekiben.packager.diff.models import ModelChange
from ekiben.packager.diff.packages import PackageChange
from ekiben.packager.diff.values import ValueChange
from ekiben.store.bento_manifest import BentoModelEntry
from ekiben.store.local import Store
from tests.cli.conftest import put_model
from tests.packager.diff.bentos import HASH, OTHER_HASH, pins, put_bento

Change = TypeVar("Change", FileChange, PackageChange, ModelChange, ValueChange)


def turned(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(replace(one, old=one.new, new=one.old) for one in changes)


def reverse(diff: BentoDiff) -> BentoDiff:
    """The same difference, seen from the other side."""
    return BentoDiff(
        turned(diff.files), turned(diff.packages), turned(diff.models), turned(diff.settings), turned(diff.apis)
    )


def test_a_bento_does_not_differ_from_itself(store: Store) -> None:
    bento = put_bento(store, {"src/a.py": "1"}, locks={"requirements.lock": pins("numpy==2.0")}, labels={"a": "b"})
    assert diff_bentos(bento, bento).is_empty


def test_the_other_way_round_old_and_new_change_places(store: Store) -> None:
    old = put_bento(store, {"src/a.py": "1", "src/b.py": "1"}, locks={"requirements.lock": pins("numpy==2.0", "a==1")})
    new = put_bento(
        store,
        {"src/a.py": "2", "src/c.py": "1"},
        locks={"requirements.lock": pins("numpy==1.0", "b==1")},
        labels={"x": "y"},
        executables=["src/c.py"],
        schema={"name": "Small", "routes": [{"name": "echo"}]},
    )
    there, back = diff_bentos(old, new), diff_bentos(new, old)
    assert not there.is_empty
    assert reverse(there) == back


def test_files_are_told_by_content_size_and_mode(store: Store) -> None:
    old = put_bento(store, {"src/same": "s", "src/gone": "12", "src/edited": "1", "src/run": "r"})
    new = put_bento(
        store, {"src/same": "s", "src/new": "123", "src/edited": "22", "src/run": "r"}, executables=["src/run"]
    )
    found = {one.path: one for one in diff_bentos(old, new).files}
    assert found.keys() == {"bento.yaml", "src/gone", "src/new", "src/edited", "src/run"}
    assert [found[path].kind for path in ("src/gone", "src/new", "src/edited")] == ["removed", "added", "changed"]
    sizes = [(one.old and one.old.size_bytes, one.new and one.new.size_bytes) for one in found.values()]
    assert sizes[1:] == [(1, 2), (2, None), (None, 3), (1, 1)]
    assert found["src/run"].is_of_mode_alone


def test_packages_are_told_by_platform(store: Store) -> None:
    old = put_bento(store, locks={"requirements.lock": pins("numpy==1.26.4", "torch==2.0", "gone==1", "x==1")})
    new = put_bento(
        store,
        locks={
            "requirements.lock": pins("numpy==2.0", "torch==1.9", "new==1") + pins("x==1", digest=OTHER_HASH),
            "requirements-linux-arm64.lock": pins("numpy==2.0"),
        },
    )
    assert [(one.name, one.platform, one.kind) for one in diff_bentos(old, new).packages] == [
        ("gone", "linux/amd64", "removed"),
        ("new", "linux/amd64", "added"),
        ("numpy", "linux/amd64", "upgraded"),
        ("numpy", "linux/arm64", "added"),
        ("torch", "linux/amd64", "downgraded"),
        ("x", "linux/amd64", "rehashed"),
    ]


def test_settings_are_the_keys_of_bento_yaml_and_the_schema_stands_apart(store: Store) -> None:
    old = put_bento(
        store, description="a", docker={"env": {"A": "1"}}, schema={"routes": [{"name": "a", "route": "/a"}]}
    )
    new = put_bento(
        store, description="b", docker={"env": {"A": "2"}}, schema={"routes": [{"name": "a", "route": "/b"}]}
    )
    diff = diff_bentos(old, new)
    assert [one.path for one in diff.settings] == ["description", "docker.env.A"]
    assert [(one.path, one.old and one.old.value, one.new and one.new.value) for one in diff.apis] == [
        ("routes[a].route", "/a", "/b")
    ]


def test_models_are_told_by_version(store: Store) -> None:
    tags = [put_model(store, "iris", text) for text in ("one", "two")]
    entries = [store.models.get(tag) for tag in tags]
    old, new = (put_bento(store, models=(BentoModelEntry(one.tag, one.digest),)) for one in entries)
    (change,) = diff_bentos(old, new).models
    assert (change.kind, change.old and change.old.tag, change.new and change.new.tag) == ("changed", *tags)


def test_a_file_that_is_missing_has_no_size(store: Store) -> None:
    old, new = put_bento(store, {"src/a": "1"}), put_bento(store, {"src/a": "2"})
    (new.path / "src/a").unlink()
    (change,) = diff_bentos(old, new).files
    assert change.new is not None
    assert change.new.size_bytes is None


@pytest.mark.parametrize("path", ["SHA256SUMS", "bento.yaml", "env/python/requirements.lock"])
def test_a_damaged_bento_is_an_error_that_repeats_nothing_of_it(store: Store, path: str) -> None:
    old = put_bento(store, {"src/a": "1"}, locks={"requirements.lock": pins("a==1")})
    new = put_bento(store, {"src/a": "2"}, locks={"requirements.lock": pins("a==1")})
    (new.path / path).write_bytes(b"\x1b[2J hostile\n")
    with pytest.raises(DamagedItem) as caught:
        diff_bentos(store.bentos.get(old.tag), store.bentos.get(new.tag))
    assert "\x1b" not in str(caught.value)


def test_without_a_lock_there_are_no_packages(store: Store) -> None:
    old, new = put_bento(store), put_bento(store, locks={"requirements.lock": pins("a==1")})
    assert [one.kind for one in diff_bentos(old, new).packages] == ["added"]


@pytest.mark.parametrize("path", ["../../../../secret", "/etc/hostname"])
def test_a_list_of_files_that_leads_out_of_the_bento_is_refused(store: Store, path: str) -> None:
    bento = put_bento(store, {"src/a": "1"})
    with (bento.path / "SHA256SUMS").open("a") as sums:
        sums.write(f"{HASH[7:]}  {path}\n")
    with pytest.raises(DamagedItem, match="names no file"):
        diff_bentos(bento, bento)


def test_a_link_out_of_the_bento_is_no_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("password")
    old, new = put_bento(store, {"src/a": "1"}), put_bento(store, {"src/a": "2"})
    (new.path / "src/a").unlink()
    (new.path / "src/a").symlink_to(tmp_path / "secret")
    (change,) = diff_bentos(old, new).files
    assert change.new is not None
    assert change.new.size_bytes is None
