"""What registries write into WWW-Authenticate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.oci.registry.challenge import Challenge, parse_challenges

_NAMES = st.text("abcdefghijklmnopqrstuvwxyz_-", min_size=1, max_size=10)
_CHALLENGES = st.builds(Challenge, _NAMES, st.dictionaries(_NAMES, st.text(st.characters(codec="latin-1")), min_size=1))


def written(challenge: Challenge) -> str:
    """The challenge as RFC 9110 has it, every value quoted."""
    escaped = {name: value.replace("\\", r"\\").replace('"', r"\"") for name, value in challenge.parameters.items()}
    parameters = (f'{name}="{value}"' for name, value in escaped.items())
    return f"{challenge.scheme} {', '.join(parameters)}"


@pytest.mark.parametrize(
    ("header", "scheme", "parameters"),
    [
        (
            'Bearer realm="https://tokens.example/token",service="odd.example",scope="repository:a/b:pull,push"',
            "bearer",
            {
                "realm": "https://tokens.example/token",
                "service": "odd.example",
                "scope": "repository:a/b:pull,push",
            },
        ),
        ("BASIC Realm=test", "basic", {"realm": "test"}),
        ('Basic realm="say \\"please\\""', "basic", {"realm": 'say "please"'}),
        ("Negotiate", "negotiate", {}),
        ("Negotiate a8ZY==", "negotiate", {}),
        ('Bearer  realm = "x" , , service=y', "bearer", {"realm": "x", "service": "y"}),
    ],
)
def test_a_challenge_is_read(header: str, scheme: str, parameters: dict[str, str]) -> None:
    assert parse_challenges(header) == [Challenge(scheme, parameters)]


def test_several_challenges_may_stand_in_one_header() -> None:
    found = parse_challenges('Negotiate, Basic realm="a, b=c", Bearer realm="x",service="y"')
    assert [one.scheme for one in found] == ["negotiate", "basic", "bearer"]
    assert found[1].parameters == {"realm": "a, b=c"}


@given(st.lists(_CHALLENGES, min_size=1, max_size=4))
def test_what_is_written_is_read(challenges: list[Challenge]) -> None:
    one_line = ", ".join(written(one) for one in challenges)
    assert parse_challenges(one_line) == challenges


@given(st.text(max_size=200))
def test_anything_can_be_read(header: str) -> None:
    parse_challenges(header)


def test_a_long_header_takes_no_long_time() -> None:
    for header in ('Bearer a="' + "\\" * 1_000_000, "a," * 1_000_000, " " * 1_000_000, 'x a="b",' * 1_000_000):
        parse_challenges(header)
