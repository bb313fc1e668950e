"""Every byte that an item's version names is checked, and what differs is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.errors import DamagedItem
from ekiben.store.local import Store
from ekiben.store.models import Model
from ekiben.store.verify import check_address, check_content


@pytest.fixture
def model(store: Store) -> Model:
    """A model with two files of its own."""
    with store.models.create("iris") as draft:
        draft.path_of("weights").write_bytes(b"12345")
        draft.path_of("notes.txt").write_text("fine")
    return draft.model


def test_what_was_saved_passes_and_its_bytes_are_counted(model: Model) -> None:
    counted: list[int] = []
    check_content(model.path, model.digest, "it", counted.append)
    assert sum(counted) == model.size_bytes


@pytest.mark.parametrize("name", ["weights", "notes.txt", "model.yaml"])
def test_one_other_bit_in_any_file_is_named(model: Model, name: str) -> None:
    content = bytearray(model.path_of(name).read_bytes())
    content[0] ^= 1
    model.path_of(name).write_bytes(content)
    with pytest.raises(DamagedItem, match=f"it has changed since it was saved: `{name}`"):
        check_content(model.path, model.digest, "it")


def test_a_missing_file_is_named(model: Model) -> None:
    model.path_of("weights").unlink()
    with pytest.raises(DamagedItem, match="`weights`"):
        check_content(model.path, model.digest, "it")


def test_a_changed_list_of_checksums_is_not_believed(model: Model) -> None:
    sums = model.path / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes()[1:])
    with pytest.raises(DamagedItem, match="is not what `sha256:"):
        check_address(model.path, model.digest, "it")


def test_a_folder_in_the_place_of_a_file_is_damage(model: Model, tmp_path: Path) -> None:
    model.path_of("weights").unlink()
    model.path_of("weights").mkdir()
    with pytest.raises(DamagedItem, match="`weights`"):
        check_content(model.path, model.digest, "it")
