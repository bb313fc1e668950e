"""Files with gaps, as the next process finds them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.oci.registry.partial_file import PartialFile
from ekiben.oci.registry.ranges import Pieces

DIGEST, OTHER = Digest.of_bytes(b"this"), Digest.of_bytes(b"that")
SIZE, PIECE = 95, 10


def found(path: Path, digest: Digest = DIGEST, size_bytes: int | None = SIZE, piece_bytes: int = PIECE) -> Pieces:
    """What the next process finds."""
    with PartialFile.open(path, digest, size_bytes, piece_bytes) as file:
        return file.found()


def write_pieces(path: Path, counts: list[int]) -> None:
    """Leaves a file behind in which so many bytes of each piece have come."""
    with PartialFile.open(path, DIGEST, SIZE, PIECE) as file:
        pieces = file.found()
        file.record(pieces)
        for index, count in enumerate(counts):
            file.write(index * PIECE, memoryview(bytes(count)))
            file.note(index, count)


@given(st.lists(st.integers(0, PIECE), min_size=9, max_size=9), st.integers(0, SIZE - 9 * PIECE))
def test_what_has_come_is_found_again(counts: list[int], last: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "blob"
        write_pieces(path, [*counts, last])
        pieces = found(path)
    assert [pieces.come(index) for index in range(10)] == [*counts, last]
    assert pieces.come_bytes == sum(counts) + last


def test_a_file_that_grew_at_its_end_is_as_far_as_it_is_long(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(bytes(23))
    assert found(path).frontier == 23
    assert found(path, size_bytes=None).frontier == 23


def test_a_file_of_other_content_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    write_pieces(path, [PIECE] * 3)
    assert found(path, OTHER).come_bytes == 0
    assert path.stat().st_size == 0


def test_a_file_of_other_pieces_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    write_pieces(path, [PIECE] * 3)
    assert found(path, piece_bytes=PIECE + 1).come_bytes == 0


@pytest.mark.parametrize("damage", ["cut", "longer", "more than a piece", "other bytes"])
def test_a_record_that_is_damaged_is_not_believed(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "blob"
    write_pieces(path, [PIECE] * 3)
    content = bytearray(path.read_bytes())
    match damage:
        case "cut":
            del content[-1]
        case "longer":
            content += b"1"
        case "more than a piece":
            content[-8] = 99
        case _:
            content[SIZE] ^= 1
    path.write_bytes(content)
    assert found(path).come_bytes == 0
    assert path.stat().st_size == 0


def test_nothing_is_left_of_the_record_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    write_pieces(path, [PIECE] * 9 + [5])
    with PartialFile.open(path, DIGEST, SIZE, PIECE) as file:
        assert file.found().is_whole
        file.finish()
    assert path.read_bytes() == bytes(SIZE)


def test_a_file_without_gaps_has_no_record(tmp_path: Path) -> None:
    path = tmp_path / "blob"
    with PartialFile.open(path, DIGEST, SIZE, PIECE) as file:
        file.write(0, memoryview(bytes(7)))
        file.note(0, 7)
    assert path.stat().st_size == 7
