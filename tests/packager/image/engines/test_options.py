"""`--opt`: what is passed on to the engine, and what is ekiben's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import UsageError
from ekiben.packager.image.engines.options import parse_options


def test_pairs_and_flags_keep_their_order() -> None:
    texts = ["network=host", "pull", "build-arg=A=1", "build-arg=B=2", "--add-host=a:1.2.3.4"]
    assert parse_options(texts) == (
        ("network", "host"),
        ("pull", None),
        ("build-arg", "A=1"),
        ("build-arg", "B=2"),
        ("add-host", "a:1.2.3.4"),
    )


@given(st.text())
def test_a_value_is_passed_on_whole(value: str) -> None:
    if "\0" not in value:
        assert parse_options([f"label={value}"]) == (("label", value),)


@pytest.mark.parametrize("name", ["file", "tag", "platform", "no-cache", "progress", "target", "iidfile", "output"])
def test_options_that_ekiben_sets_itself_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"`{name}` cannot be set"):
        parse_options([f"{name}=x"])


@pytest.mark.parametrize("text", ["", "=", "=x", "-t=x", "t", "f=x", "a b=c", "Network=host", "net\nwork=host"])
def test_what_is_no_long_option_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no option of the engine"):
        parse_options([text])


@pytest.mark.parametrize(
    "value", ["id=ekiben-ca,src=/x", "ID=ekiben-ca,src=/x", "src=/x,id=ekiben-pip-conf", '"id=ekiben-netrc",src=/x']
)
def test_secrets_of_ekibens_own_names_are_refused(value: str) -> None:
    with pytest.raises(UsageError, match="made by ekiben"):
        parse_options([f"secret={value}"])


def test_secrets_of_the_user_are_passed_on() -> None:
    assert parse_options(["secret=id=token,src=/x"]) == (("secret", "id=token,src=/x"),)


def test_a_value_with_a_null_character_is_refused() -> None:
    with pytest.raises(UsageError, match="null character"):
        parse_options(["label=a\0b"])
