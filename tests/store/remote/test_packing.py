"""Which blobs an item is: each file in one of them, large ones alone, and no more of them new than files are."""

from __future__ import annotations

import io
import tarfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.oci.entries import Entry
from ekiben.oci.layer_tar import layer_tar
from ekiben.store.remote.packing import ALONE_BYTES, BUNDLE_BYTES, ItemFile, pack_files

SIZES = st.one_of(
    st.integers(0, 4096), st.sampled_from([ALONE_BYTES - 1, ALONE_BYTES, BUNDLE_BYTES]), st.integers(0, 10**10)
)
NAMES = st.text("abc", min_size=1, max_size=4)  # no path is the folder of another: see PATHS
PATHS = st.lists(NAMES, max_size=2).map(lambda folders: "/".join([*folders, "file"]))


def file(path: str, size_bytes: int, content: bytes = b"") -> ItemFile:
    return ItemFile(path, size_bytes, Digest.of_bytes(content or path.encode()))


ITEMS = st.dictionaries(PATHS, SIZES, max_size=40).map(
    lambda found: [file(path, size_bytes) for path, size_bytes in found.items()]
)


@given(ITEMS)
def test_every_file_is_in_one_pack(files: list[ItemFile]) -> None:
    packed = [one for pack in pack_files(files, "models/m") for one in pack.files]
    assert sorted(packed, key=lambda one: one.path) == sorted(files, key=lambda one: one.path)


@given(ITEMS)
def test_large_files_are_alone_and_small_ones_share_as_much_as_may_be(files: list[ItemFile]) -> None:
    packs = pack_files(files, "models/m")
    for pack in packs:
        assert pack.is_alone or all(one.size_bytes < ALONE_BYTES for one in pack.files)
        assert pack.is_alone or pack.size_bytes <= BUNDLE_BYTES
    bundles = [pack for pack in packs if not pack.is_alone]
    assert packs[: len(bundles)] == tuple(bundles)
    for one, following in pairwise(bundles):
        assert one.size_bytes + following.files[0].size_bytes > BUNDLE_BYTES


@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(files: list[ItemFile], random: object) -> None:
    shuffled = files.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert pack_files(shuffled, "models/m") == pack_files(files, "models/m")


@given(ITEMS.filter(bool), st.data())
def test_a_changed_file_changes_one_pack(files: list[ItemFile], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(files) - 1))
    old = files[index]
    changed = [*files]
    changed[index] = file(old.path, old.size_bytes, b"changed")
    before, after = ({pack.key for pack in pack_files(one, "models/m")} for one in (files, changed))
    assert len(after - before) == 1


def test_another_place_makes_another_blob() -> None:
    (one,), (other,) = (pack_files([file("a", 1)], place) for place in ("models/a", "models/b"))
    assert one.key != other.key


def test_the_mode_of_a_program_is_part_of_its_blob() -> None:
    plain, program = file("a", 1), ItemFile("a", 1, file("a", 1).digest, 0o755)
    assert pack_files([plain], "bento")[0].key != pack_files([program], "bento")[0].key


@given(PATHS, st.binary(max_size=2000), st.sampled_from(["models/m", f"models/{'n' * 63}"]))
def test_a_part_says_where_the_file_is_in_the_tar(path: str, head: bytes, place: str) -> None:
    deep = f"{path}/{'d' * 90}/{'f' * 60}"  # a path that a plain header cannot hold
    for name in (path, deep):
        content = head + bytes(ALONE_BYTES)
        one = ItemFile(name, len(content), Digest.of_bytes(content))
        (pack,) = pack_files([one], place)
        assert pack.part is not None
        tar = b"".join(layer_tar([Entry.file(f"{place}/{name}", content)]))
        assert tar[pack.part.offset :][: pack.part.size_bytes] == content
        with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
            assert archive.getmember(f"{place}/{name}").size == len(content)


def test_a_part_is_right_for_a_file_beyond_what_a_plain_header_says(tmp_path: Path) -> None:
    size_bytes = 8 * 1024**3
    sparse = tmp_path / "weights.bin"
    with sparse.open("wb") as stream:
        stream.truncate(size_bytes)
    (pack,) = pack_files([file("weights.bin", size_bytes)], "models/m")
    assert pack.part is not None
    (entry,) = pack.entries(tmp_path)
    pieces = layer_tar([entry])
    headers = [next(pieces) for _ in range(3)]
    assert sum(map(len, headers)) == pack.part.offset


def test_small_files_have_no_part() -> None:
    assert pack_files([file("a", ALONE_BYTES - 1)], "models/m")[0].part is None
