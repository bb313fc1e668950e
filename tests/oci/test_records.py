"""Records are read as they were written, or not at all."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ekiben.oci.records import read_record, spelled_record


class Kept(msgspec.Struct, frozen=True):
    """Something to remember."""

    name: str
    size: int


KEPT = Kept("iris", 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record on disk."""
    path = tmp_path / "record"
    path.write_bytes(spelled_record(KEPT))
    return path


def test_a_record_is_read_as_it_was_written(path: Path) -> None:
    assert read_record(path, Kept) == KEPT


def test_a_record_with_any_bit_flipped_or_any_end_cut_off_is_none(path: Path) -> None:
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at])
        assert read_record(path, Kept) is None
        for bit in range(8):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            assert read_record(path, Kept) is None


def test_a_record_that_is_not_there_or_of_another_kind_is_none(path: Path, tmp_path: Path) -> None:
    assert read_record(tmp_path / "none", Kept) is None
    assert read_record(tmp_path, Kept) is None
    path.write_bytes(spelled_record(["iris"]))
    assert read_record(path, Kept) is None
