"""Layers made side by side: the same as one after the other, and one failure for all."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from ekiben.digest import Digest
from ekiben.errors import ImageError
from ekiben.oci.entries import Entry
from ekiben.packager.image.native.layers import LayerMaker, LayerOrder, largest_first
from ekiben.report import BYTES, Reporter, SilentReporter, Task

WAIT_S = 10.0


def order(name: str, entries: Iterable[Entry] | None = None, size_bytes: int = 0) -> LayerOrder:
    """A layer called `name`."""
    held = entries or [Entry.file(f"app/{name}", name.encode() * 400_000)]
    return LayerOrder(name, Digest.of_bytes(name.encode()), partial(iter, held), size_bytes)


def maker(folder: Path, reporter: Reporter | None = None) -> LayerMaker:
    return LayerMaker(folder, use_cache=True, reporter=reporter or SilentReporter())


def test_layers_made_side_by_side_are_those_made_one_after_the_other(tmp_path: Path) -> None:
    orders = [order(name, size_bytes=size) for name, size in (("a", 1), ("b", 3), ("c", 2), ("d", 3))]
    together, alone = maker(tmp_path / "together"), maker(tmp_path / "alone")
    together.add_all(orders)
    for one in orders:
        alone.add(one.created_by, one.key, one.entries)
    assert together.added == alone.added
    assert [one.created_by for one in together.added] == ["a", "b", "c", "d"]


def test_known_layers_are_not_asked_for_their_entries(tmp_path: Path) -> None:
    first, second = maker(tmp_path), maker(tmp_path)
    first.add_all([order("a"), order("b")])

    def refuse() -> Iterator[Entry]:
        raise AssertionError("it was asked")

    known = LayerOrder("a", order("a").key, refuse)
    second.add_all([order("b"), known, order("c")])
    assert [one.created_by for one in second.added] == ["b", "a", "c"]
    assert second.added[1] == first.added[0]


def test_the_largest_is_made_first_whatever_its_place() -> None:
    orders = [order("a", size_bytes=1), order("b", size_bytes=9), order("c", size_bytes=9), order("d", size_bytes=4)]
    assert [one.created_by for one in largest_first(orders)] == ["b", "c", "d", "a"]


class Meeting(SilentReporter):
    """Holds the layer `slow` at its first step until another one has failed."""

    def __init__(self) -> None:
        self.has_begun, self.failed = threading.Event(), threading.Event()

    def advance(self, amount: int) -> None:
        self.has_begun.set()
        assert self.failed.wait(WAIT_S)

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        with super().task(name, total) as task:
            yield self if name == "slow" else task


def test_a_layer_that_fails_stops_the_others_and_leaves_no_draft(tmp_path: Path) -> None:
    reporter = Meeting()

    def failing() -> Iterator[Entry]:
        assert reporter.has_begun.wait(WAIT_S)
        raise ImageError("this one")

    slow = order("slow", [Entry.file("app/slow", b"s" * 9_000_000)], size_bytes=2)
    failed = LayerOrder("failing", Digest.of_bytes(b"failing"), failing, size_bytes=1)
    made = maker(tmp_path, reporter)
    with pytest.raises(ImageError, match="this one"):
        made.add_all([slow, failed], reporter.failed.set)
    assert made.known(slow.key) is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert made.added == []
