"""One tar for one set of entries: whatever their order, read by every reader, and the same bytes for ever."""

from __future__ import annotations

import io
import random
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.entries import Entry, FilePart
from ekiben.oci.layer_tar import write_layer_tar
from ekiben.oci.tar_header import MAX_USTAR_BYTES, header
from tests.oci.trees import CHOSEN, entry_lists, expected, seen, tar_of

# A change of these changes the diff_ids of every image: nothing is stored or pulled once any more.
DIGEST_OF_CHOSEN = "sha256:42f9f023025ba757a55690a393a74cf4784d6838cff09b871890282ad6db07db"
DIGEST_OF_NOTHING = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"
DIGEST_OF_A_LARGE_HEADER = "sha256:6efeb8592cb9a442844570eb52780bebc70ed511a5555c06f28a102876b93166"


def test_the_bytes_are_what_they_always_were() -> None:
    assert str(Digest.of_bytes(tar_of(CHOSEN))) == DIGEST_OF_CHOSEN
    assert str(Digest.of_bytes(tar_of([]))) == DIGEST_OF_NOTHING
    large = header(Entry.file("a", b""), MAX_USTAR_BYTES + 1, 0)
    assert str(Digest.of_bytes(large)) == DIGEST_OF_A_LARGE_HEADER


@given(entry_lists)
def test_any_entries_read_back_as_they_are_with_the_folders_that_they_lie_in(entries: list[Entry]) -> None:
    assert seen(tar_of(entries)) == expected(entries)


@given(entry_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_entries_does_not_matter(entries: list[Entry], rng: random.Random) -> None:
    shuffled = rng.sample(entries, len(entries))
    assert tar_of(shuffled) == tar_of(entries)


def test_tar_itself_unpacks_what_was_written(tmp_path: Path) -> None:
    with (tmp_path / "layer.tar").open("wb") as stream:
        write_layer_tar(CHOSEN, stream.write)
    subprocess.run(["tar", "-xf", "layer.tar"], cwd=tmp_path, check=True)
    for entry in CHOSEN:
        path = tmp_path / entry.path
        if entry.kind == "link":
            assert str(path.readlink()) == entry.target
        else:
            assert path.read_bytes() == entry.content if entry.content is not None else path.is_dir()


@pytest.mark.parametrize("length", range(96, 104))
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_names_around_the_lengths_where_headers_change_read_back(length: int, kind: str) -> None:
    for path in (
        "n" * length,
        "p" * 155 + "/" + "n" * length,
        "p" * 156 + "/" + "n" * length,
        "p/" * 77 + "n" * length,
    ):
        entry = {"file": Entry.file(path, b"1"), "folder": Entry.folder(path), "link": Entry.link(path, path)}[kind]
        assert seen(tar_of([entry])) == expected([entry])


@pytest.mark.parametrize("length", [*range(80, 110), 980, 990, 995, 9990])
def test_a_pax_record_counts_the_digits_of_its_own_length(length: int) -> None:
    entry = Entry.link("a", "ä" + "t" * length)
    assert seen(tar_of([entry])) == expected([entry])


@pytest.mark.parametrize("size_bytes", [MAX_USTAR_BYTES, MAX_USTAR_BYTES + 1, 10**13])
def test_files_of_eight_gibibytes_and_more_have_their_size(size_bytes: int) -> None:
    with tarfile.open(fileobj=io.BytesIO(header(Entry.file("a", b""), size_bytes, 0)), mode="r:") as archive:
        member = archive.next()
    assert member is not None
    assert member.size == size_bytes


def test_two_entries_of_one_path_are_an_error() -> None:
    with pytest.raises(ImageError, match="two entries of a layer have the path `a/b`"):
        tar_of([Entry.file("a/b", b"1"), Entry.file("a/c", b""), Entry.file("a/b", b"1")])


@pytest.mark.parametrize("above", [Entry.file("a/b", b""), Entry.link("a/b", "c")])
def test_an_entry_below_a_file_or_link_is_an_error(above: Entry) -> None:
    for entries in ([above, Entry.file("a/b/c/d", b"")], [Entry.file("a/b/c/d", b""), above]):
        with pytest.raises(ImageError, match=f"lies below `a/b`, which is a {above.kind}"):
            tar_of(entries)


def test_parts_of_a_file_are_what_they_say(tmp_path: Path) -> None:
    file = tmp_path / "file"
    content = random.Random(1).randbytes(3_000_000)
    file.write_bytes(content)
    parts = {
        "all": (FilePart(file), content),
        "from": (FilePart(file, offset=1_500_000), content[1_500_000:]),
        "piece": (FilePart(file, offset=7, size=1_100_000), content[7:1_100_007]),
        "none": (FilePart(file, offset=5, size=0), b""),
    }
    tar = tar_of([Entry.file(name, part) for name, (part, _) in parts.items()])
    assert {one.path: one.content for one in seen(tar)} == {name: bytes_ for name, (_, bytes_) in parts.items()}


def test_no_piece_is_larger_than_a_megabyte(tmp_path: Path) -> None:
    content = bytes(2**21 + 5)
    (tmp_path / "file").write_bytes(content)
    pieces: list[bytes] = []
    write_layer_tar([Entry.file("a", content), Entry.file("b", FilePart(tmp_path / "file"))], pieces.append)
    assert max(map(len, pieces)) <= 2**20
    assert [one.content for one in seen(b"".join(pieces))] == [content, content]


def test_a_file_that_is_shorter_than_said_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"short")
    with pytest.raises(ImageError, match="`a` has not the 6 bytes"):
        tar_of([Entry.file("a", FilePart(file, size=6))])


@pytest.mark.parametrize("then", [b"grown and grown", b"less"])
def test_a_file_that_changes_its_size_while_it_is_read_is_an_error(tmp_path: Path, then: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"as it was")

    def change(_: bytes) -> None:
        file.write_bytes(then)

    with pytest.raises(ImageError, match="`a` has not the 9 bytes"):
        write_layer_tar([Entry.file("a", FilePart(file))], change)


def test_a_file_has_to_have_its_digest(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"damaged")
    assert tar_of([Entry.file("a", FilePart(file, digest=Digest.of_bytes(b"damaged")))])
    with pytest.raises(ImageError, match=r"`a` is `sha256:.*` and should be `sha256:"):
        tar_of([Entry.file("a", FilePart(file, digest=Digest.of_bytes(b"whole")))])
