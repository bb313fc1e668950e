"""Every byte that an item's version names is checked, and every file, mode and signature beside it: what differs is
named."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import DamagedItem
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.seal import seal
from ekiben.store.sums import format_sums
from ekiben.store.verify import Damage, check_address, check_content, find_damage
from tests.store.making import files_of, write_tree

SIGNATURE = "signatures/0123456789abcdef.sigstore.json"


@pytest.fixture
def model(store: Store) -> Model:
    """A model with two files of its own, one of them in a folder."""
    with store.models.create("iris") as draft:
        draft.path_of("weights").write_bytes(b"12345")
        draft.path_of("more").mkdir()
        draft.path_of("more/notes.txt").write_text("fine")
    return draft.model


def damage_of(model: Model) -> list[Damage]:
    return find_damage(model.path, model.digest)


def test_what_was_saved_passes_and_its_bytes_are_counted(model: Model) -> None:
    counted: list[int] = []
    check_content(model.path, model.digest, "it", counted.append)
    assert sum(counted) == model.size_bytes
    assert damage_of(model) == []


def test_one_other_bit_in_any_file_but_the_receipt_is_named(model: Model) -> None:
    for name in files_of(model.path):
        if name == "receipt.yaml":
            continue
        before = model.path_of(name).read_bytes()
        for place in range(0, len(before) * 8, 7):
            content = bytearray(before)
            content[place // 8] ^= 1 << place % 8
            model.path_of(name).write_bytes(content)
            assert [one.path for one in damage_of(model)] == [name]
        model.path_of(name).write_bytes(before)
    assert damage_of(model) == []


@pytest.mark.parametrize("name", ["weights", "more/notes.txt", "model.yaml"])
def test_a_changed_file_is_named_by_what_refuses(model: Model, name: str) -> None:
    model.path_of(name).write_bytes(b"other")
    with pytest.raises(DamagedItem, match=f"it has changed since it was saved: `{name}`"):
        check_content(model.path, model.digest, "it")


@pytest.mark.parametrize(
    ("change", "path", "what"),
    [
        (lambda folder: (folder / "weights").unlink(), "weights", "is missing"),
        (lambda folder: shutil.rmtree(folder / "more"), "more/notes.txt", "is missing"),
        (lambda folder: (folder / "weights").chmod(0o755), "weights", "has mode 0755 and should have 0644"),
        (lambda folder: (folder / "weights").chmod(0o600), "weights", "has mode 0600 and should have 0644"),
        (lambda folder: (folder / "receipt.yaml").chmod(0o755), "receipt.yaml", "has mode 0755 and should have 0644"),
        (lambda folder: (folder / "SHA256SUMS").chmod(0o755), "SHA256SUMS", "has mode 0755 and should have 0644"),
        (lambda folder: (folder / "more").chmod(0o777), "more", "has mode 0777 and should have 0755"),
        (lambda folder: folder.chmod(0o777), ".", "has mode 0777 and should have 0755"),
        (lambda folder: (folder / "added").touch(), "added", "was added"),
        (lambda folder: (folder / "more/added").touch(), "more/added", "was added"),
        (lambda folder: (folder / "empty").mkdir(), "empty", "was added"),
        (lambda folder: (folder / "link").symlink_to("weights"), "link", "was added"),
        (lambda folder: os.mkfifo(folder / "pipe"), "pipe", "was added"),
        (lambda folder: (folder / "ünïcode\n").touch(), "ünïcode\n", "was added"),
    ],
)
def test_each_change_is_named_with_its_path(
    model: Model, change: Callable[[Path], object], path: str, what: str
) -> None:
    change(model.path)
    assert damage_of(model) == [Damage(path, what)]


def swap(folder: Path, name: str, make: Callable[[Path], object]) -> None:
    """Puts something else into the place of what is there."""
    (folder / name).rename(folder.parent / "before")
    make(folder / name)


@pytest.mark.parametrize("name", ["weights", "receipt.yaml", "more"])
def test_a_link_in_the_place_of_what_it_leads_to_is_damage(model: Model, name: str) -> None:
    swap(model.path, name, lambda path: path.symlink_to(model.path.parent / "before"))
    assert Damage(name, "is a link") in damage_of(model)


def test_a_link_in_the_place_of_the_checksums_is_damage(model: Model) -> None:
    swap(model.path, "SHA256SUMS", lambda path: path.symlink_to(model.path.parent / "before"))
    assert [one.path for one in damage_of(model)] == ["SHA256SUMS"]


def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_damage(model: Model) -> None:
    swap(model.path, "weights", lambda path: path.mkdir())
    assert damage_of(model) == [Damage("weights", "is a folder")]
    model.path_of("weights").rmdir()
    os.mkfifo(model.path_of("weights"))
    assert damage_of(model) == [Damage("weights", "is a device or a pipe")]


def test_a_file_whose_name_is_no_utf8_is_named(model: Model) -> None:
    Path(os.fsdecode(os.fsencode(model.path) + b"/\xff")).touch()
    assert damage_of(model) == [Damage("\udcff", "was added")]


def test_a_changed_list_of_checksums_is_not_believed(model: Model) -> None:
    sums = model.path / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes()[1:])
    with pytest.raises(DamagedItem, match="is not what `sha256:"):
        check_address(model.path, model.digest, "it")
    assert damage_of(model) == [Damage("SHA256SUMS", f"is not what `{model.digest}` names")]


@pytest.mark.parametrize("listed", ["receipt.yaml", "SHA256SUMS", SIGNATURE])
def test_checksums_of_what_is_never_listed_are_damage(tmp_path: Path, listed: str) -> None:
    write_tree(tmp_path, {"weights": "1", listed: "2"})
    sums = format_sums({"weights": Digest.of_bytes(b"1"), listed: Digest.of_bytes(b"2")})
    (tmp_path / "SHA256SUMS").write_bytes(sums)
    tmp_path.chmod(0o755)
    assert (listed, "is listed in SHA256SUMS, which never lists it") in [
        (one.path, one.what) for one in find_damage(tmp_path, Digest.of_bytes(sums))
    ]


@pytest.mark.parametrize("listed", ["/etc/hostname", "../outside", "a/../../outside", "."])
def test_checksums_never_lead_out_of_the_item(tmp_path: Path, listed: str) -> None:
    sums = format_sums({listed: Digest.of_bytes(b"")})
    (tmp_path / "SHA256SUMS").write_bytes(sums)
    (damage,) = find_damage(tmp_path, Digest.of_bytes(sums))
    assert damage == Damage("SHA256SUMS", "line 1 of SHA256SUMS names no file in the item")


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("signatures/notes.txt", "is no signature"),
        ("signatures/0123456789ABCDEF.sigstore.json", "is no signature"),
        ("signatures/0123456789abcdef.sigstore.json.bak", "is no signature"),
        ("signatures/.hidden", "is no signature"),
    ],
)
def test_a_stray_file_among_the_signatures_is_named(model: Model, path: str, what: str) -> None:
    write_tree(model.path, {path: "x"})
    model.path_of("signatures").chmod(0o755)
    assert damage_of(model) == [Damage(path, what)]


def test_signatures_may_lie_beside_the_content_but_not_be_links_or_programs(model: Model) -> None:
    model.path_of("signatures").mkdir(mode=0o755)
    assert damage_of(model) == []
    write_tree(model.path, {SIGNATURE: "{}"})
    assert damage_of(model) == []
    model.path_of(SIGNATURE).chmod(0o755)
    assert damage_of(model) == [Damage(SIGNATURE, "has mode 0755 and should have 0644")]
    model.path_of(SIGNATURE).unlink()
    model.path_of(SIGNATURE).symlink_to("/etc/hostname")
    assert damage_of(model) == [Damage(SIGNATURE, "is a link")]


def test_an_item_may_be_reached_by_a_link(model: Model, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(model.path)
    assert find_damage(tmp_path / "current", model.digest) == []


def test_a_folder_of_signatures_elsewhere_is_damage(model: Model, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    model.path_of("signatures").symlink_to(tmp_path / "elsewhere")
    assert damage_of(model) == [Damage("signatures", "is a link")]


def test_the_named_executables_and_no_others_may_run(tmp_path: Path) -> None:
    folder = tmp_path / "item"
    write_tree(folder, {"run": "#!", "data": "x"})
    digest = seal(folder, ["run"]).digest
    assert find_damage(folder, digest, executables=["run"]) == []
    assert find_damage(folder, digest) == [Damage("run", "has mode 0755 and should have 0644")]
    (folder / "run").chmod(0o644)
    assert find_damage(folder, digest, executables=["run"]) == [Damage("run", "has mode 0644 and should have 0755")]


def test_a_message_names_the_first_files_and_counts_the_rest(model: Model) -> None:
    for name in "abcde":
        model.path_of(name).touch()
    with pytest.raises(DamagedItem, match=r"`a`, `b`, `c` and 2 more$"):
        check_content(model.path, model.digest, "it")


@given(
    st.sets(st.sampled_from(["a", "b", "c/d", "c/e", "f/g/h"])), st.sampled_from(["a", "b", "c/d", "f/g/h", "new/x"])
)
def test_what_is_there_is_whole_exactly_when_nothing_was_touched(
    tmp_path_factory: pytest.TempPathFactory, names: set[str], touched: str
) -> None:
    folder = tmp_path_factory.mktemp("item")
    write_tree(folder, dict.fromkeys(names, "x"))
    digest = seal(folder).digest
    assert find_damage(folder, digest) == []
    write_tree(folder, {touched: "y"})
    assert touched in [one.path for one in find_damage(folder, digest)]
