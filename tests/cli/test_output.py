"""Data on stdout."""

from __future__ import annotations

import pytest

from ekiben.cli.output import print_yaml


def test_yaml_is_never_wrapped(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "word " * 50 + "end"
    print_yaml([{"description": sentence, "lines": "one\ntwo\n"}])
    assert capsys.readouterr().out == f"- description: {sentence}\n  lines: |\n    one\n    two\n"
