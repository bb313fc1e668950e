"""What single values may be."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.packager.bentofile import grammar
from ekiben.packager.bentofile.grammar import Refused

CHECKS: list[Callable[[str], str]] = [
    grammar.alias,
    grammar.base_image,
    grammar.env_name,
    grammar.image_python,
    grammar.one_line,
    grammar.requirement,
    grammar.service_import,
    grammar.system_package,
    partial(grammar.system_package, manager="dnf"),
    grammar.url,
]


@pytest.mark.parametrize("check", CHECKS)
@given(text=st.text(max_size=40), end=st.sampled_from("\n\r\x00\x0b\x85\u2028\ud800\udfff"))
def test_no_check_lets_a_line_end_through(check: Callable[[str], str], text: str, end: str) -> None:
    with pytest.raises(Refused):
        check(text + end + text)


@given(st.text(max_size=40), st.sampled_from(["apt", "dnf"]))
def test_what_a_system_package_may_be_is_one_harmless_word(text: str, manager: str) -> None:
    try:
        grammar.system_package(text, manager)
    except Refused:
        return
    assert not text.startswith("-")
    assert not set(text) & set(" ;&|$`\"'\\<>(){}*?#!%\t")


@pytest.mark.parametrize("text", ["service:Iris", "pkg.mod:svc", "service", "_a.b2:_C"])
def test_import_strings(text: str) -> None:
    assert grammar.service_import(text) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("service.py:svc", "write `service:svc`"),
        ("./app/main.py:Svc", "write `app.main:Svc`"),
        ("my-app:Svc", "such as"),
    ],
)
def test_what_is_no_import_string_gets_a_suggestion(text: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        grammar.service_import(text)
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "python",
        "python:3.11-slim",
        "registry.example/team/python:3.11",
        "localhost:5000/a/b_c/d__e:v1",
        f"python@sha256:{'a' * 64}",
        "ekiben-test/base:bookworm",
    ],
)
def test_image_references(text: str) -> None:
    assert grammar.base_image(text) == text


@pytest.mark.parametrize("text", ["", "a b", "Python:3", "a//b", "a:", "$BASE", "a:b:c", "-x", "a@sha256:xyz"])
def test_what_is_no_image_reference(text: str) -> None:
    with pytest.raises(Refused):
        grammar.base_image(text)


@pytest.mark.parametrize("text", ["3.11", "3.12.4", "3.13"])
def test_pythons_that_images_may_have(text: str) -> None:
    assert grammar.image_python(text) == text


@pytest.mark.parametrize("text", ["3.10", "3.9.1", "2.7"])
def test_a_python_that_is_too_old_is_refused_in_words(text: str) -> None:
    with pytest.raises(Refused, match=r"needs 3\.11 or later"):
        grammar.image_python(text)


@pytest.mark.parametrize("text", ["3.31", "3.99", "4.0"])
def test_a_python_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="the newest that is known"):
        grammar.image_python(text)


@pytest.mark.parametrize(
    "text", ["3", "latest", "3.x", "python3.11", f"3.11.{'9' * 20}", "3.1234", "3.011", "\uff13.\uff11\uff11"]
)
def test_what_is_no_python_version(text: str) -> None:
    with pytest.raises(Refused, match="no Python version"):
        grammar.image_python(text)


def test_an_option_is_no_requirement() -> None:
    with pytest.raises(Refused, match="`--extra-index-url`"):
        grammar.requirement("--extra-index-url=https://index.example/simple")


@pytest.mark.parametrize("text", ["six==", "six 1.0", "six ; python_version", "six[", "six== --hash=sha256:00 # why"])
def test_a_package_that_pip_cannot_read_is_refused_here(text: str) -> None:
    with pytest.raises(Refused, match=r"^`six.*` is no requirement: "):
        grammar.requirement(text)


@pytest.mark.parametrize(
    "text",
    [
        "six>=1,<2 ; python_version > '3'  # why",
        "six==1.0 --hash=sha256:00",
        "six[extra] @ file:libs/six",
        "libs/six[extra]",
        "./libs/a b",
        "-e libs/six",
        "git+https://host.example/six.git@v1",
        "six.whl",
    ],
)
def test_packages_and_places_are_requirements(text: str) -> None:
    assert grammar.requirement(f" {text}") == text


def test_a_path_is_normalised(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").touch()
    assert grammar.file_inside("./a/../a//file", tmp_path) == "a/file"
    with pytest.raises(Refused, match="no file"):
        grammar.file_inside("a", tmp_path)


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(Refused):
        grammar.path_inside("loop", tmp_path)
