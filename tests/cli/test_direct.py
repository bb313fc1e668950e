"""The plain forms of `list` and `get`, which go without Typer, end as they would with it."""

from __future__ import annotations

import subprocess
import sys
from itertools import product

import pytest
from typer.testing import CliRunner

from ekiben.cli.app import app
from ekiben.cli.direct import parse_direct, run_direct
from ekiben.errors import EkibenError
from ekiben.store.local import Store
from tests.cli.conftest import put_bento, put_model

WORDS = ("list", "get", "models", "-o", "--output", "json", "path", "iris", "nobody", "-h", "", "a/b")
LONGEST = 4  # words: `get TAG -o json`, and `models` before it


def lines() -> list[list[str]]:
    """Every line of those words that is run directly."""
    found = [[*line] for length in range(1, LONGEST + 1) for line in product(WORDS, repeat=length)]
    return [[*before, *line] for before in ([], ["models"]) for line in found if parse_direct([*before, *line], {})]


def directly(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[str, object]:
    """What it prints, and the error that it ends with."""
    call = parse_direct(arguments, {})
    assert call
    error = None
    try:
        run_direct(call)
    except EkibenError as raised:
        error = str(raised)
    return capsys.readouterr().out, error


def by_typer(arguments: list[str]) -> tuple[str, object]:
    """The same."""
    result = CliRunner().invoke(app, arguments)
    return result.stdout, str(result.exception) if result.exception else None


def test_whatever_goes_without_typer_ends_as_with_it(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    put_bento(store, "iris", "1")
    put_bento(store, "iris", "2")
    put_model(store, "iris", "1")
    direct = lines()
    assert len(direct) > 100
    for arguments in direct:
        assert directly(arguments, capsys) == by_typer(arguments), arguments


@pytest.mark.parametrize(
    "line",
    [
        *("", "list -h", "list --colour", "list -o toml", "list a b", "-q list", "get", "get host/repo", "list -ojson"),
        *("models", "models get", "models prune", "list -o", "list -- a", "build"),
    ],
)
def test_everything_else_is_left_to_typer(line: str) -> None:
    assert parse_direct(line.split(), {}) is None


def test_a_shell_that_completes_asks_typer() -> None:
    assert parse_direct(["list"], {"_EKIBEN_COMPLETE": "complete_bash"}) is None


def test_a_plain_list_imports_no_typer(store: Store) -> None:
    script = "import sys; sys.argv = ['ekiben', 'list']; from ekiben.cli.main import main; main(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert not {"typer", "pydantic", "yaml", "rich"} & set(done.stdout.split())


def test_a_reader_that_has_seen_enough_ends_a_list_quietly(store: Store) -> None:
    for number in range(30):
        put_bento(store, "iris", str(number))
    script = "from ekiben.cli.main import main; main()"
    command = [sys.executable, "-u", "-c", script, "list", "-o", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1
