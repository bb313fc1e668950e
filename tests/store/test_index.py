"""The index: what is told through it is what the files say, whatever was done to them by hand, or to itself."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ekiben.store.index import Index, index_path, is_index_whole
from ekiben.store.layout import Layout
from ekiben.store.local import Store
from ekiben.store.receipt import RECEIPT
from tests.store.making import build, save

MANY = 70  # files: as many as an index is made for
TICK_NS = 20_000_000  # more than the kernel's clock for files takes from one value to the next
SETTLING_S = 2.1  # after which a store's own indexes keep what was read


def contents(folder: Path) -> dict[str, str]:
    """The text of every file."""
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def recalled(layout: Layout, folder: Path) -> dict[str, str | None]:
    """The same through an index, which is kept."""
    index = Index.load(layout, "files", settled_ns=TICK_NS)
    found = {path.name: index.recall(path.name, str(path), path.read_text) for path in sorted(folder.iterdir())}
    index.keep(is_whole=True)
    return found


def make_files(folder: Path) -> Path:
    """As many files as an index is made for."""
    folder.mkdir()
    for number in range(MANY):
        (folder / str(number)).write_text(f"text {number}")
    return folder


def write_in_place(folder: Path, index: Path, one: Path, other: Path) -> None:
    """Another text of the same length, the time put back."""
    before = one.stat()
    one.write_text(one.read_text()[::-1])
    os.utime(one, ns=(before.st_atime_ns, before.st_mtime_ns))


def swap(folder: Path, index: Path, one: Path, other: Path) -> None:
    """Two files change names."""
    if one == other:
        return
    one.rename(folder / "between")
    other.rename(one)
    (folder / "between").rename(other)


def copy_over(folder: Path, index: Path, one: Path, other: Path) -> None:
    """One file becomes the other, times included."""
    if one != other:
        shutil.copy2(other, one)


def step_the_clock(folder: Path, index: Path, one: Path, other: Path) -> None:
    """A file from the future."""
    os.utime(one, (2**32, 2**32))


def remove(folder: Path, index: Path, one: Path, other: Path) -> None:
    """A file goes."""
    one.unlink()


def pause(folder: Path, index: Path, one: Path, other: Path) -> None:
    """What was written can be kept now."""
    time.sleep(1.5 * TICK_NS / 1e9)


def tear(folder: Path, index: Path, one: Path, other: Path) -> None:
    """A power cut tore the index."""
    if index.exists():
        os.truncate(index, index.stat().st_size // 2)


def spoil(folder: Path, index: Path, one: Path, other: Path) -> None:
    """The index has other bytes."""
    if index.exists():
        index.write_bytes(index.read_bytes().replace(b"text", b"test"))


def be_of_another_version(folder: Path, index: Path, one: Path, other: Path) -> None:
    """Another ekiben wrote it."""
    index.parent.mkdir(parents=True, exist_ok=True)
    index.write_bytes(b"ekiben-index 9 00000000\n0\t1 2 3 4\tother\n")


Deed: TypeAlias = Callable[[Path, Path, Path, Path], None]
DEEDS: list[Deed] = [
    *(write_in_place, swap, copy_over, step_the_clock, remove),
    *(pause, pause, tear, spoil, be_of_another_version),
]


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, MANY), st.integers(0, MANY)), max_size=12))
def test_what_it_tells_is_what_the_files_say(
    deeds: list[tuple[Deed, int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, layout = make_files(Path(place, "files")), Layout(Path(place, "home"))
        for deed, *which in deeds:
            assert recalled(layout, folder) == contents(folder)
            paths = sorted(folder.iterdir())
            deed(folder, index_path(layout, "files"), *(paths[number % len(paths)] for number in which))
        assert recalled(layout, folder) == contents(folder)


def test_what_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    folder, layout = make_files(tmp_path / "files"), Layout(tmp_path / "home")
    time.sleep(1.5 * TICK_NS / 1e9)
    recalled(layout, folder)
    index = Index.load(layout, "files")
    told = {path.name: index.recall(path.name, str(path), lambda: "read again") for path in folder.iterdir()}
    assert told == contents(folder)


def test_what_is_young_is_not_kept(tmp_path: Path) -> None:
    folder, layout = make_files(tmp_path / "files"), Layout(tmp_path / "home")
    index = Index.load(layout, "files", settled_ns=3600 * 10**9)
    for path in folder.iterdir():
        index.recall(path.name, str(path), path.read_text)
    index.keep(is_whole=True)
    assert not index_path(layout, "files").exists()


def test_what_is_gone_leaves_the_index(tmp_path: Path) -> None:
    folder, layout = make_files(tmp_path / "files"), Layout(tmp_path / "home")
    time.sleep(1.5 * TICK_NS / 1e9)
    recalled(layout, folder)
    shutil.rmtree(folder)
    folder.mkdir()
    recalled(layout, folder)
    assert index_path(layout, "files").read_bytes().count(b"\n") == 1


def test_a_few_files_make_no_index(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "one").write_text("text")
    recalled(Layout(tmp_path / "home"), tmp_path / "files")
    assert not (tmp_path / "home").exists()


def test_an_index_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    folder, layout = make_files(tmp_path / "files"), Layout(tmp_path / "home")
    layout.home.write_text("no folder")
    time.sleep(1.5 * TICK_NS / 1e9)
    assert recalled(layout, folder) == contents(folder)


def test_a_list_is_the_same_with_and_without_an_index(store: Store) -> None:
    for number in range(MANY):
        save(store, "iris", str(number))
    build(store)
    time.sleep(SETTLING_S)
    store.models.list()
    assert is_index_whole(index_path(store.layout, "models.receipts").read_bytes())
    first, second, third, fourth, *_ = store.models.list()
    shutil.rmtree(first.path)
    second.path.rename(second.path.with_name("renamed"))
    (third.path / RECEIPT).unlink()
    (fourth.path / RECEIPT).write_text("no receipt")
    save(store, "iris", "new")
    with_index = store.models.list()
    shutil.rmtree(store.cache)
    assert with_index == store.models.list()
    assert [one.receipt for one in with_index] == [one.receipt for one in store.models.list()]


@pytest.mark.parametrize("beginning", ["", "a", "no-such"])
def test_a_version_is_found_by_its_beginning(store: Store, beginning: str) -> None:
    for version in ("abc", "abd", "b"):
        save(store, "iris", version, version)
    assert store.models.shelf.versions("iris", beginning) == [
        one for one in ("abc", "abd", "b") if one.startswith(beginning)
    ]
