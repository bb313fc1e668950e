"""The modules that users call by name: what BentoML's have besides is told, with what does it here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import ekiben
from ekiben import bentos


def test_a_bento_is_built_by_either_name() -> None:
    assert bentos.build is ekiben.build


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (lambda: bentos.build_bentofile, r"use `ekiben\.build\(bentofile=\.\.\.\)`"),
        (lambda: bentos.serve, "use the command `ekiben serve`"),
        (lambda: bentos.nothing, "`ekiben.bentos` has no `nothing`$"),
    ],
)
def test_a_name_that_is_bentomls_alone_is_told_with_its_remedy(read: Callable[[], object], told: str) -> None:
    with pytest.raises(AttributeError, match=told):
        read()
