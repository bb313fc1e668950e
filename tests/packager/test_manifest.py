"""Names made from services' names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ekiben.errors import BuildError
from ekiben.packager.manifest import bento_name
from ekiben.tag import Tag


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("Iris", "iris"),
        ("IrisClassifier", "iris_classifier"),
        ("HTTPServer2", "http_server2"),
        ("demo_text_intelligence", "demo_text_intelligence"),
        ("my-service", "my_service"),
        ("_Private__Thing_", "private_thing"),
        ("Über", "ber"),
    ],
)
def test_a_bento_is_called_after_its_service(service: str, name: str) -> None:
    assert bento_name(service) == name


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,90}", fullmatch=True).filter(lambda name: name.strip("_")))
def test_every_class_name_gives_a_name(service: str) -> None:
    assert bento_name(bento_name(service)) == Tag(bento_name(service)).name


def test_a_name_without_letters_is_an_error() -> None:
    with pytest.raises(BuildError, match="`名`"):
        bento_name("名")
