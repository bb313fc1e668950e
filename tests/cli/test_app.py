"""The application as a whole: help, version, completion, usage errors, settings."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
import typer

import ekiben
from ekiben.cli.commands import CommandTable
from ekiben.errors import Interrupted
from tests.cli.conftest import Run


def test_the_version_is_bare(run: Run) -> None:
    assert run("--version").stdout == f"{ekiben.__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        "build",
        "list",
        "get",
        "delete",
        "containerize",
        "serve",
        "init",
        "env",
        "models list",
        "models get",
        "models delete",
    ],
)
def test_every_command_has_help(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert "Usage: ekiben" in done.stdout


def test_an_unknown_command_is_a_usage_error_with_the_nearest(run: Run) -> None:
    done = run("bild")
    assert done.returncode == 2
    assert "Did you mean 'build'?" in done.stderr


def test_an_unknown_option_is_a_usage_error(run: Run) -> None:
    done = run("list", "--colour")
    assert done.returncode == 2
    assert "--colour" in done.stderr


def test_env_says_where_each_setting_came_from(run: Run, home: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run("env", "-o", "json").stdout)}
    assert (rows["home"]["value"], rows["home"]["source"]) == (str(home), "environment EKIBEN_HOME")
    assert rows["engine"]["source"] == "default"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_completion_script_for_shells(run: Run, shell: str) -> None:
    done = run(environ={"_EKIBEN_COMPLETE": f"source_{shell}"})
    assert done.returncode == 0
    assert f"complete_{shell}" in done.stdout


@pytest.mark.parametrize(("words", "found"), [("ekiben bu", ["build"]), ("ekiben models d", ["delete"])])
def test_commands_complete(run: Run, words: str, found: list[str]) -> None:
    asked = {"_EKIBEN_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    assert run(environ=asked).stdout.split() == found


def test_serving_a_wrong_port_names_the_option(run: Run, tmp_path: Path) -> None:
    (tmp_path / "service.py").write_text("")
    done = run("serve", "--port", "eighty")
    assert done.returncode == 2
    assert "`eighty` is no value of --port" in done.stderr


def test_labels_are_pairs(run: Run) -> None:
    done = run("build", "--label", "owner")
    assert done.returncode == 2
    assert "write --label KEY=VALUE" in done.stderr


def test_init_writes_a_project_and_overwrites_nothing(run: Run, tmp_path: Path) -> None:
    assert run("init", "new").returncode == 0
    assert (tmp_path / "new" / "bentofile.yaml").is_file()
    (tmp_path / "new" / "service.py").write_text("mine")
    assert run("init", "new").returncode == 2
    assert (tmp_path / "new" / "service.py").read_text() == "mine"


def test_a_command_that_is_stopped_anywhere_says_so() -> None:
    app = typer.Typer(cls=CommandTable)

    @app.callback()
    def group() -> None: ...

    @app.command("env")
    def stopped() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="stopped by SIGINT; nothing half done is kept"):
        app(["env"])
