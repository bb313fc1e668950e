"""Parsing and printing of small values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.cli.options import parse_pairs
from ekiben.cli.output import size_text
from ekiben.errors import UsageError


@given(st.dictionaries(st.text(min_size=1).filter(lambda key: "=" not in key), st.text()))
def test_pairs_survive(pairs: dict[str, str]) -> None:
    assert parse_pairs([f"{key}={value}" for key, value in pairs.items()], "--label") == pairs


@pytest.mark.parametrize("text", ["owner", "=x", ""])
def test_what_is_no_pair_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parse_pairs([text], "--label")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 1024**5, "5120.0 TiB")]
)
def test_sizes_read_well(size: int, text: str) -> None:
    assert size_text(size) == text
