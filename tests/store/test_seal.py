import os
import random
import stat
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.digest import Digest
from ekiben.errors import StoreError, UsageError
from ekiben.store.seal import KnownFile, Seal, refuse_names, seal
from ekiben.store.sums import SUMS, parse_sums
from tests.store.making import files_of, write_tree

names = st.text(st.sampled_from("ab.-_ ü\n\\"), min_size=1, max_size=4).filter(lambda name: name not in (".", ".."))
trees = st.dictionaries(st.lists(names, min_size=1, max_size=3).map(tuple), st.text(max_size=3), max_size=6)


def without_clashes(tree: dict[tuple[str, ...], str]) -> dict[str, str]:
    """The tree as paths, less the files that would have to be folders, too."""
    folders = {path[:depth] for path in tree for depth in range(1, len(path))}
    return {"/".join(path): content for path, content in tree.items() if path not in folders}


def seal_fresh(files: dict[str, str], *, umask: int, mtime: int) -> tuple[Seal, dict[str, int]]:
    """The seal of these files, written in this order under this umask with this time; and the modes that came out."""
    before = os.umask(umask)
    try:
        with TemporaryDirectory() as name:
            folder = Path(name)
            write_tree(folder, files)
            for path in files:
                os.utime(folder / path, (mtime, mtime))
            sealed = seal(folder)
            return sealed, {str(path.relative_to(folder)): path.stat().st_mode for path in folder.rglob("*")}
    finally:
        os.umask(before)


@settings(deadline=None, max_examples=40)  # each example is brought to the disk three times
@given(trees.map(without_clashes), st.integers(0, 2**31), st.randoms(use_true_random=False))
def test_the_same_files_give_the_same_seal_whatever_order_time_and_umask(
    files: dict[str, str], mtime: int, rng: random.Random
) -> None:
    shuffled = list(files.items())
    rng.shuffle(shuffled)
    first = seal_fresh(files, umask=0o022, mtime=0)
    assert seal_fresh(dict(shuffled), umask=0o077, mtime=mtime) == first
    assert seal_fresh(dict(shuffled), umask=0o000, mtime=mtime) == first


def test_the_digest_is_that_of_the_checksum_file(tmp_path: Path) -> None:
    write_tree(tmp_path, {"b/c": "1", "a": "22"})
    sealed = seal(tmp_path)
    assert (sealed.digest, sealed.size_bytes) == (Digest.of_file(tmp_path / SUMS), 3)
    assert sealed.files == parse_sums((tmp_path / SUMS).read_bytes())
    assert parse_sums((tmp_path / SUMS).read_bytes()) == {"a": Digest.of_bytes(b"22"), "b/c": Digest.of_bytes(b"1")}


def test_modes_are_normalised_and_the_named_files_executable(tmp_path: Path) -> None:
    write_tree(tmp_path, {"bin/run": "#!", "data": "x"})
    (tmp_path / "data").chmod(0o777)
    (tmp_path / "bin").chmod(0o700)
    seal(tmp_path, ["bin/run"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    assert modes == {"bin": 0o755, "run": 0o755, "data": 0o644, SUMS: 0o644}


def test_an_executable_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="`bin/run`"):
        seal(tmp_path, ["bin/run"])


def test_a_link_to_a_file_becomes_that_file(tmp_path: Path) -> None:
    draft = tmp_path / "draft"
    write_tree(tmp_path, {"draft/inside": "1", "outside": "2"})
    (draft / "first").symlink_to("inside")
    (draft / "second").symlink_to(tmp_path / "outside")
    seal(draft)
    assert not (draft / "first").is_symlink()
    assert [(draft / name).read_text() for name in ("first", "second")] == ["1", "2"]


def test_a_hard_link_is_cut_so_that_nobody_outside_can_change_the_item(tmp_path: Path) -> None:
    write_tree(tmp_path, {"mine": "before", "draft/x": ""})
    os.link(tmp_path / "mine", tmp_path / "draft/taken")
    seal(tmp_path / "draft")
    (tmp_path / "mine").write_text("after")
    assert (tmp_path / "draft/taken").read_text() == "before"


def test_empty_folders_are_no_content(tmp_path: Path) -> None:
    (tmp_path / "a/b/c").mkdir(parents=True)
    write_tree(tmp_path, {"kept/file": ""})
    seal(tmp_path)
    assert files_of(tmp_path) == [SUMS, "kept/file"]
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("target", ["/proc", "nowhere"])
def test_links_to_folders_and_to_nothing_are_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(StoreError, match="`link` is a link to"):
        seal(tmp_path)


def test_pipes_and_devices_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="`pipe` is neither a file nor a folder"):
        seal(tmp_path)


def test_names_that_are_no_utf8_are_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.bin")).touch()
    with pytest.raises(StoreError, match=r"`\\xff\.bin` is no UTF-8"):
        seal(tmp_path)


@pytest.mark.parametrize("name", [SUMS, "receipt.yaml", "model.yaml"])
def test_names_that_the_store_writes_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(UsageError, match=f"`{name}` is written by the store"):
        refuse_names(tmp_path, "model.yaml")


def test_a_known_file_is_not_read_again(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a": "1", "b": "2"})
    told = Digest.of_bytes(b"believed")
    sealed = seal(tmp_path, known={"a": KnownFile.of(tmp_path / "a", told)})
    assert sealed.files == {"a": told, "b": Digest.of_bytes(b"2")}


def test_a_known_file_keeps_its_other_name_and_is_not_copied(tmp_path: Path) -> None:
    write_tree(tmp_path / "draft", {"a": "1"})
    (tmp_path / "other").hardlink_to(tmp_path / "draft" / "a")
    seal(tmp_path / "draft", known={"a": KnownFile.of(tmp_path / "draft" / "a", Digest.of_bytes(b"1"))})
    assert (tmp_path / "other").samefile(tmp_path / "draft" / "a")


@pytest.mark.parametrize("change", ["write", "restore times", "replace", "rename", "link", "chmod"])
def test_a_known_file_that_was_touched_since_is_read(tmp_path: Path, change: str) -> None:
    file = tmp_path / "draft" / "a"
    write_tree(tmp_path / "draft", {"a": "1"})
    known = KnownFile.of(file, Digest.of_bytes(b"believed"))
    before = file.stat()
    match change:
        case "write":
            file.write_text("2")
        case "restore times":
            file.write_text("2")
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        case "replace":
            (tmp_path / "other").write_text("2")
            (tmp_path / "other").replace(file)
        case "rename":
            file.rename(tmp_path / "other").rename(file)
        case "link":
            (tmp_path / "other").hardlink_to(file)
        case _:
            file.chmod(0o600)
    content = file.read_bytes()
    assert seal(tmp_path / "draft", known={"a": known}).files == {"a": Digest.of_bytes(content)}
