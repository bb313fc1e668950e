"""The Typer application: the table of commands, and the options that stand before a command."""

from __future__ import annotations

from typing import Annotated

import typer

import ekiben
from ekiben.cli.commands import HELP_FLAGS, CommandTable
from ekiben.cli.state import State

app = typer.Typer(
    name="ekiben",
    cls=CommandTable,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=HELP_FLAGS,
    help="Package Python model services, build their images and serve them.",
)


def _show_version(asked: bool) -> None:
    if asked:
        print(ekiben.__version__)
        raise typer.Exit


@app.callback()
def configure(
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say only warnings and errors.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Say more, other programs' output included.")] = False,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Makes the state that commands share."""
    ctx.obj = State(verbosity="quiet" if quiet else "verbose" if verbose else None)
