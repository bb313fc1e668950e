"""Counting, cutting and joining rows, for every kind."""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.serving.execution.rows import row_kind

MAKERS: dict[str, Callable[[list[int]], Any]] = {
    "list": list,
    "tuple": tuple,
    "array": lambda items: np.array(items, dtype=np.int64).reshape(len(items), 1).repeat(2, axis=1),
    "frame": lambda items: pd.DataFrame({"a": pd.array(items, dtype="int64")}),
    "series": lambda items: pd.Series(items, dtype="int64"),
}


def plain(value: Any) -> Any:
    return (
        value.values.tolist()
        if isinstance(value, pd.DataFrame)
        else [*value.tolist()]
        if hasattr(value, "tolist")
        else list(value)
    )


@pytest.mark.parametrize("name", MAKERS)
@given(items=st.lists(st.integers(0, 9), min_size=1, max_size=8), data=st.data())
def test_what_is_cut_and_joined_is_what_it_was(name: str, items: list[int], data: st.DataObject) -> None:
    value = MAKERS[name](items)
    kind = row_kind(value)
    assert kind is not None
    rows = kind.count(value, 0)
    cut = data.draw(st.integers(0, rows))
    parts = [kind.take(value, 0, cut, 0), kind.take(value, cut, rows, 0)]
    assert [kind.count(one, 0) for one in parts] == [cut, rows - cut]
    assert kind.key(parts[0], 0) == kind.key(parts[1], 0) == kind.key(value, 0)
    assert plain(kind.join(parts, 0)) == plain(value)


@pytest.mark.parametrize("name", ["list", "array", "frame", "series"])
def test_a_copy_does_not_change_with_its_original(name: str) -> None:
    value = MAKERS[name]([1, 2])
    kind = row_kind(value)
    assert kind is not None
    copied = kind.copy(value)
    (value.iloc if name in ("frame", "series") else value)[0] = 5
    assert plain(copied) == plain(MAKERS[name]([1, 2]))


def test_what_cannot_be_copied_stays_what_it_is() -> None:
    kind = row_kind([])
    assert kind is not None
    lock = threading.Lock()
    assert kind.copy([lock]) == [lock]


@pytest.mark.parametrize("value", [5, "text", {"a": [1]}, {1, 2}, None, np.float64(1)])
def test_other_values_have_no_rows(value: object) -> None:
    assert row_kind(value) is None


def test_subclasses_are_of_their_base_classes_kind() -> None:
    class Frame(pd.DataFrame):
        pass

    assert type(row_kind(Frame({"a": [1]}))) is type(row_kind(pd.DataFrame({"a": [1]})))
