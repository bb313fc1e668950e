import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import UsageError
from ekiben.store.plain import plain, plain_labels, plain_mapping

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.dates()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(values)
def test_plain_values_stay_as_they_are(value: object) -> None:
    assert plain(value, "metadata") == value


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.array(7), 7),
        (np.str_("a"), "a"),
        ((1, [2, (3,)]), [1, [2, [3]]]),
        (datetime.date(2026, 1, 1), datetime.date(2026, 1, 1)),
    ],
)
def test_scalars_of_numpy_and_tuples_become_pythons(given_value: object, expected: object) -> None:
    value = plain(given_value, "metadata")
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": {"b": [1, object()]}}, r"`metadata\.a\.b\[1\]` is of type `object`"),
        ({"a": np.zeros(2)}, r"`metadata\.a` is of type `ndarray`"),
        ({"a": {1: 2}}, r"`metadata\.a` has the key `1`"),
        ({"a": {1, 2}}, r"`metadata\.a` is of type `set`"),
    ],
)
def test_what_yaml_cannot_keep_is_refused_by_its_place(value: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plain_mapping(value, "metadata")


def test_labels_are_text() -> None:
    assert plain_labels({"stage": "test", "run": 7, "good": True}) == {"stage": "test", "run": "7", "good": "True"}
    with pytest.raises(UsageError, match=r"`labels\.a` is of type `list`"):
        plain_labels({"a": [1]})
