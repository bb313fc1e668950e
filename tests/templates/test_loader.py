"""Templates are filled in with exactly what they are given."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from ekiben.templates.loader import render, template_names


def test_the_templates_of_a_folder_are_listed_without_their_suffix() -> None:
    assert template_names("project") == [
        "project/.bentoignore",
        "project/bentofile.yaml",
        "project/service.py",
        "project/train.py",
    ]


def test_a_value_is_not_a_template() -> None:
    text = render("project/bentofile.yaml", service="{{ 7 * 7 }}")
    assert 'service: "service:{{ 7 * 7 }}"' in text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("project/bentofile.yaml")
