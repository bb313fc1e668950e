"""Where the next page of a list is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import RegistryError
from ekiben.oci.registry.addresses import Origin
from ekiben.oci.registry.paging import Trail, next_url

HERE = "https://registry.example/v2/a/tags/list?n=2"
NEXT = "https://registry.example/v2/a/tags/list?n=2&last=b"


@pytest.mark.parametrize(
    "link",
    [
        '</v2/a/tags/list?n=2&last=b>; rel="next"',
        "</v2/a/tags/list?n=2&last=b>; rel=next",
        '<?n=2&last=b>;rel="next"',
        f'<{NEXT}>; title="a, b"; rel="next"',
        '<http://inside.example:5000/v2/a/tags/list?n=2&last=b>; REL="prev Next"',
        '</first>; rel="first", </v2/a/tags/list?n=2&last=b>; rel="next"',
    ],
)
def test_the_next_page_is_where_the_link_says_at_the_same_registry(link: str) -> None:
    assert next_url(HERE, [link]) == NEXT


@pytest.mark.parametrize(
    "link", ["", "next", '</v2/x>; rel="prev"', '</v2/x>; rel="nextish"', "</v2/x>", '</x; rel="next"']
)
def test_other_links_lead_nowhere(link: str) -> None:
    assert next_url(HERE, [link]) is None


def test_a_link_in_a_header_of_its_own_is_found() -> None:
    assert next_url(HERE, ['</first>; rel="first"', '<?n=2&last=b>; rel="next"']) == NEXT


@given(st.text(alphabet='<>;,=" nextrl/:?[]@'))
def test_whatever_a_link_says_the_page_is_asked_of_the_same_registry(target: str) -> None:
    try:
        url = next_url(HERE, [f'<{target}>; rel="next"'])
    except RegistryError:
        return
    assert url is None or Origin.of(url) == Origin.of(HERE)


def test_a_circle_of_pages_is_left() -> None:
    trail = Trail("registry.example")
    trail.step(HERE)
    trail.step(NEXT)
    with pytest.raises(RegistryError, match=r"`registry.example` sends the pages of a list in a circle"):
        trail.step(HERE)


def test_a_list_without_end_is_left() -> None:
    trail = Trail("registry.example")
    for place in range(10_000):
        trail.step(f"{HERE}&last={place}")
    with pytest.raises(RegistryError, match="a list without end: more than 10000 pages"):
        trail.step(NEXT)
    with pytest.raises(RegistryError, match="without end"):
        Trail("registry.example").step(HERE + "x" * 5000)
