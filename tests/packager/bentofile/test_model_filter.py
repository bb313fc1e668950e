"""Which models a filter means."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.bentofile.grammar import Refused
from ekiben.packager.bentofile.model_filter import parse_filter


@pytest.mark.parametrize(
    ("text", "labels", "is_meant"),
    [
        ("label:stage", {"stage": "prod"}, True),
        ("label:stage", {"owner": "me"}, False),
        ("label:stage=prod", {"stage": "prod"}, True),
        ("label:stage=prod", {"stage": "dev"}, False),
        ("label:stage = prod , label:owner", {"stage": "prod", "owner": "me"}, True),
        ("label:stage=prod,label:owner", {"stage": "prod"}, False),
        ("label:a=b=c", {"a": "b=c"}, True),
        ("label:a=", {"a": ""}, True),
        ("label:a=", {"a": "x"}, False),
    ],
)
def test_a_model_is_meant_where_all_conditions_hold(text: str, labels: Mapping[str, str], is_meant: bool) -> None:
    assert parse_filter(text).admits(labels) is is_meant


@pytest.mark.parametrize(
    "text", ["", ",", "label:", "label:=x", "stage", "label:a,", "created>2024-01-01", "label:a\n"]
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        parse_filter(text)


words = st.text(st.sampled_from("abAB19._-/"), min_size=1, max_size=5)


@given(st.dictionaries(words, st.none() | words, min_size=1, max_size=4))
def test_a_filter_that_is_written_down_is_read_as_it_was_meant(wanted: Mapping[str, str | None]) -> None:
    text = ", ".join(f"label:{name}" if value is None else f"label:{name}={value}" for name, value in wanted.items())
    assert parse_filter(text).labels == tuple(wanted.items())
