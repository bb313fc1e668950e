"""SPDX expressions are told from other words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.licenses import canonicalize_license_expression

from ekiben.packager.sbom.licences import is_expression, licences
from ekiben.packager.sbom.spdx import LICENCES


@pytest.mark.parametrize(
    "text",
    [
        "MIT",
        "Apache-2.0 OR MIT",
        "(MIT AND (BSD-3-Clause OR ISC)) AND Zlib",
        "GPL-2.0-or-later WITH Classpath-exception-2.0",
        "LicenseRef-Proprietary",
        "MIT AND LicenseRef-NVIDIA",
    ],
)
def test_an_expression_is_one(text: str) -> None:
    assert is_expression(text)
    assert licences(text) == [{"expression": text}]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "BSD",
            "Apache License 2.0",
            "MIT OR",
            "OR MIT",
            "(MIT",
            "MIT)",
            "MIT MIT",
            "MIT WITH MIT",
            "()",
            "WITH",
            "mit",
        ),
        "MIT WITH Classpath-exception-2.0 WITH Classpath-exception-2.0",
        "(MIT) WITH Classpath-exception-2.0",
    ],
)
def test_other_words_are_a_name(text: str) -> None:
    assert not is_expression(text)
    assert licences(text) == [{"license": {"name": text}}]


def test_of_a_licence_text_the_first_line_stays() -> None:
    assert licences("\n  MIT License \nPermission is hereby granted\n") == [{"license": {"name": "MIT License"}}]
    assert licences("x" * 1000) == [{"license": {"name": "x" * 200}}]


@pytest.mark.parametrize("text", [None, "", "  \n"])
def test_nothing_is_said_where_nothing_is_known(text: str | None) -> None:
    assert licences(text) == []


def test_every_identifier_is_of_the_spdx_list() -> None:
    assert {canonicalize_license_expression(one) for one in LICENCES} == LICENCES


@given(st.lists(st.sampled_from(["MIT", "ISC", "AND", "OR", "WITH", "(", ")", "GCC-exception-3.1", "BSD"]), max_size=9))
def test_what_is_taken_for_an_expression_is_one(tokens: list[str]) -> None:
    text = " ".join(tokens)
    if text and is_expression(text):
        assert canonicalize_license_expression(text)
