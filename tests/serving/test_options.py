"""The option table, and the command line made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ekiben.serving.options import OPTIONS, argument_parser, overrides_of, read_arguments


def test_a_full_command_line_is_taken_apart() -> None:
    arguments = read_arguments(
        ["service:Iris", "--root", "/p", "-p", "8080", "--workers", "cpu_count", "--timeout", "2.5", "--access-log"]
    )
    assert (arguments.target, arguments.root) == ("service:Iris", Path("/p"))
    assert arguments.options.overrides["http.port"] == 8080
    assert arguments.options.overrides["traffic.timeout"] == 2.5
    assert arguments.options.overrides["logging.access.enabled"] is True
    assert not arguments.options.is_reloading


def test_what_is_not_given_overrides_nothing() -> None:
    assert read_arguments([]).options.overrides == {}
    assert overrides_of({"port": None, "workers": 2}) == {"workers": 2}


@pytest.mark.parametrize("argv", [["--port", "x"], ["--workers", "0"], ["--bogus"], ["--work", "2"]])
def test_a_wrong_argument_ends_with_status_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        read_arguments(argv)
    assert caught.value.code == 2
    assert argv[0] in capsys.readouterr().err


def test_the_help_names_every_option_and_its_variables() -> None:
    text = argument_parser().format_help()
    for option in OPTIONS:
        assert all(flag in text for flag in option.flags)
        assert all(variable in text for variable in option.variables)
