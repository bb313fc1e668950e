from hypothesis import given
from hypothesis import strategies as st

from ekiben.store.latest import Saved, format_latest, parse_latest, put_on_top
from ekiben.tag import Tag

versions = st.text("abc123", min_size=1, max_size=3)
entries = st.lists(st.builds(Saved, versions, st.just("2026-01-01T00:00:00Z")), max_size=30)


@given(entries)
def test_what_is_written_reads_back(saved: list[Saved]) -> None:
    assert parse_latest(format_latest(saved)) == saved


@given(entries, versions, st.sets(versions))
def test_the_saved_version_is_on_top_and_the_rest_keeps_its_order(
    known: list[Saved], version: str, existing: set[str]
) -> None:
    top, *rest = put_on_top(known, Saved(version, "now"), existing.__contains__)
    kept = [one for one in known if one.version in existing - {version}]
    assert top.version == version
    assert rest == kept[: len(rest)]
    assert len(rest) == min(len(kept), 15)


def test_lines_that_are_none_are_passed_over() -> None:
    assert parse_latest("\nabc\nv1 2026 x\n../v1 2026\nV1 2026\nlatest 2026\nv2 2026\n") == [Saved("v2", "2026")]


@given(st.binary())
def test_any_bytes_give_versions_alone(content: bytes) -> None:
    for saved in parse_latest(content.decode(errors="replace")):
        assert Tag("iris", saved.version).version == saved.version
