"""Options of pip in a bentofile mean what they mean to pip, or are refused by name."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.lock.pip_arguments import PipArguments, UnknownArgument, parse_pip_arguments


def test_what_means_something_to_a_lock_is_translated() -> None:
    found = parse_pip_arguments(
        "-i https://index.example/one --extra-index-url=https://index.example/two "
        "--extra-index-url https://index.example/three -f 'my wheels' "
        "--no-index --trusted-host two:8443 -climits.txt --pre --only-binary numpy,scipy"
    )
    assert found == PipArguments(
        index_url="https://index.example/one",
        extra_index_url=("https://index.example/two", "https://index.example/three"),
        find_links=("my wheels",),
        no_index=True,
        trusted_host=("two:8443",),
        constraints=("limits.txt",),
        only_binary=("numpy", "scipy"),
        allow_prereleases=True,
    )
    assert parse_pip_arguments("") == PipArguments()


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("--only-binary :all:", (":all:",)),
        ("--only-binary=a --only-binary=:all:", (":all:",)),
        ("--only-binary=:all: --only-binary=:none: --only-binary=a", ("a",)),
        ("--only-binary=:all: --only-binary=a", (":all:",)),
    ],
)
def test_only_binary_adds_up_as_in_pip(text: str, names: tuple[str, ...]) -> None:
    assert parse_pip_arguments(text).only_binary == names


@pytest.mark.parametrize(
    ("text", "option", "hint"),
    [
        ("-r more.txt", "-r", "requirements_txt"),
        ("--no-deps", "--no-deps", "all that is installed"),
        ("--no-binary=:all:", "--no-binary", "wheels"),
        ("--cert ca.pem", "--cert", "PIP_CERT"),
        ("--quiet", "--quiet", "no effect"),
        ("--pre numpy", "numpy", "python.packages"),
    ],
)
def test_any_other_option_is_refused_by_name(text: str, option: str, hint: str) -> None:
    with pytest.raises(UnknownArgument) as caught:
        parse_pip_arguments(text)
    assert f"`{option}`" in caught.value.message
    assert hint in (caught.value.hint or "")


@given(st.lists(st.sampled_from(["-i", "-f", "--pre", "--only-binary", "=", "a", "-cx", "--", "'", "-r"]) | st.text()))
def test_any_text_is_understood_or_refused(words: list[str]) -> None:
    with contextlib.suppress(UnknownArgument):
        assert isinstance(parse_pip_arguments(" ".join(words)), PipArguments)


@pytest.mark.parametrize("text", ["--index-url", "-f", "--index-url=", "'open"])
def test_what_is_cut_short_is_refused(text: str) -> None:
    with pytest.raises(UnknownArgument):
        parse_pip_arguments(text)
