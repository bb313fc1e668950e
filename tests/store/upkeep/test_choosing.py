"""Which items may go: rules that all have to agree, and the latest stays unless asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import UsageError
from ekiben.store.upkeep.choosing import Candidate, Rules, choose, parse_age, parse_size, ranks
from ekiben.tag import Tag

NOW = datetime(2025, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)

items = st.builds(
    Candidate,
    st.builds(Tag, st.sampled_from(["iris", "wine"]), st.text("ab", min_size=1, max_size=3)),
    st.integers(0, 60).map(lambda days: NOW - days * DAY),
    st.integers(0, 5),
    st.dictionaries(st.sampled_from(["stage"]), st.sampled_from(["dev", "prod"])),
)
rules = st.builds(
    Rules,
    st.none() | st.sampled_from(["iris", "wine"]),
    st.none() | st.integers(0, 4),
    st.none() | st.integers(0, 60).map(lambda days: days * DAY),
    st.none() | st.dictionaries(st.just("stage"), st.sampled_from(["dev", "prod"])),
)


def item(version: str, days: int = 0, rank: int = 9, **labels: str) -> Candidate:
    """An item of the name `iris`."""
    return Candidate(Tag("iris", version), NOW - days * DAY, rank, labels)


@given(st.lists(items), rules)
def test_what_goes_agrees_with_every_rule(found: list[Candidate], chosen: Rules) -> None:
    for one in choose(found, chosen, NOW):
        assert one.rank >= (1 if chosen.keep is None else chosen.keep)
        assert chosen.older_than is None or NOW - one.saved > chosen.older_than
        assert dict(chosen.labels or {}).items() <= dict(one.labels).items()
        assert chosen.name in (None, one.tag.name)


@given(st.lists(items), rules)
def test_another_rule_lets_no_more_go(found: list[Candidate], chosen: Rules) -> None:
    fewer = Rules(chosen.name, max(chosen.kept, 3), chosen.older_than, chosen.labels)
    assert set(map(id, choose(found, fewer, NOW))) <= set(map(id, choose(found, chosen, NOW)))


def test_the_latest_stays_unless_nothing_is_to_be_kept() -> None:
    latest = item("a", days=99, rank=0)
    assert choose([latest], Rules(older_than=DAY), NOW) == []
    assert choose([latest], Rules(keep=0), NOW) == [latest]


def test_what_comes_from_the_future_is_not_old() -> None:
    assert choose([item("a", days=-400)], Rules(older_than=DAY), NOW) == []


def test_labels_have_to_be_all_there() -> None:
    one, other = item("a", stage="dev", owner="me"), item("b", stage="dev")
    assert choose([one, other], Rules(labels={"stage": "dev", "owner": "me"}), NOW) == [one]


def test_versions_that_latest_lists_come_before_newer_ones() -> None:
    times = {Tag("iris", version): NOW - days * DAY for version, days in [("a", 3), ("b", 2), ("c", 1), ("d", 0)]}
    placed = ranks({"iris": ["b", "gone", "a"]}, times)
    assert sorted(times, key=placed.__getitem__) == [Tag("iris", version) for version in "badc"]


@pytest.mark.parametrize(("text", "age"), [("90s", timedelta(seconds=90)), ("2w", 14 * DAY), ("0d", 0 * DAY)])
def test_an_age_is_a_number_with_a_unit(text: str, age: timedelta) -> None:
    assert parse_age(text) == age


@pytest.mark.parametrize("text", ["", "d", "-1d", "1.5d", "1y", "30", "1d1h", "٣d"])
def test_what_is_no_age_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no age"):
        parse_age(text)


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("12", 12), ("5GB", 5 * 10**9), ("5GiB", 5 << 30), ("1.5K", 1500), ("2 mb", 2 * 10**6)]
)
def test_a_size_is_bytes_or_a_number_with_a_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1iB", "1EB", "1..5K", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no size"):
        parse_size(text)
