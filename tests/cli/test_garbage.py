"""A command seldom looks for cycles of garbage; a server does as any Python program."""

from __future__ import annotations

import gc

from ekiben.cli.garbage import look_as_usual, look_seldom


def test_a_server_looks_as_often_as_any_program() -> None:
    usual = gc.get_threshold()
    look_seldom()
    assert gc.get_threshold()[0] > usual[0]
    look_as_usual()
    assert gc.get_threshold() == usual
