"""What a library raises over a file of an item says what is to blame: the file, the disk, or code that is missing."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ekiben.errors import DamagedItem, EkibenError, FrameworkError, StoreError, UsageError
from ekiben.store.loading import loading
from ekiben.store.local import Store


@pytest.fixture
def item(store: Store) -> Path:
    """A model of a file and a folder."""
    with store.models.create("net") as draft:
        draft.path_of("graph.bin").write_bytes(b"graph")
        draft.path_of("weights").mkdir()
        draft.path_of("weights", "part.bin").write_bytes(b"weights")
    return draft.model.path


def failing(item: Path, part: str, error: Exception) -> Callable[[], None]:
    """Has a library fail over this part."""

    def load() -> None:
        with loading(item, part, "net:1", hint="another way", code_hint="install it"):
            raise error

    return load


def test_the_block_gets_the_path(item: Path) -> None:
    for part in ("graph.bin", "weights", "."):
        with loading(item, part, "net:1") as path:
            assert path == item / part


@pytest.mark.parametrize("part", ["graph.bin", "weights", "."])
def test_what_is_as_it_was_saved_is_not_to_blame(item: Path, part: str) -> None:
    with pytest.raises(FrameworkError, match=r"`net:1` cannot be loaded: ValueError: not mine$") as caught:
        failing(item, part, ValueError("not\n mine\nStack trace:\n  0x00"))()
    assert caught.value.hint == "another way"


@pytest.mark.parametrize("error", [ModuleNotFoundError("No module named 'gone'"), AttributeError("no `Thing`")])
def test_code_that_is_missing_is_told_with_its_own_remedy(item: Path, error: Exception) -> None:
    with pytest.raises(FrameworkError, match="needs code that is not here: ") as caught:
        failing(item, "graph.bin", error)()
    assert caught.value.hint == "install it"


@pytest.mark.parametrize(
    ("part", "changed"), [("weights", "weights/part.bin"), (".", "graph.bin"), (".", "SHA256SUMS")]
)
def test_a_part_that_changed_is_damage_wherever_in_it(item: Path, part: str, changed: str) -> None:
    (item / changed).write_bytes(b"other")
    with pytest.raises(DamagedItem, match="is not what was saved: ValueError"):
        failing(item, part, ValueError("odd"))()


def test_another_part_that_changed_is_not_this_ones_damage(item: Path) -> None:
    (item / "weights" / "part.bin").write_bytes(b"other")
    with pytest.raises(FrameworkError, match="cannot be loaded"):
        failing(item, "graph.bin", ValueError("odd"))()


def test_a_part_that_is_missing_is_damage_before_anybody_reads(item: Path) -> None:
    with pytest.raises(DamagedItem, match=r"`net:1` has no gone\.bin"):
        failing(item, "gone.bin", AssertionError("it was read"))()


def test_a_disk_that_refuses_and_errors_of_ours_pass_as_what_they_are(item: Path) -> None:
    refused = OSError(errno.EACCES, os.strerror(errno.EACCES), str(item / "graph.bin"))
    for error, kind in ((refused, StoreError), (UsageError("ours"), UsageError)):
        with pytest.raises(EkibenError) as caught:
            failing(item, "graph.bin", error)()
        assert type(caught.value) is kind
