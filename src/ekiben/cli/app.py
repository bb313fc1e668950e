"""The Typer application: every command under its name, and the options that stand before a command."""

from __future__ import annotations

from typing import Annotated

import typer

import ekiben
from ekiben.cli import bentos, building, env, images, models, serving
from ekiben.cli.state import State

app = typer.Typer(
    name="ekiben",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Package Python model services, build their images and serve them.",
)
app.add_typer(models.app, name="models")
building.register(app)
bentos.register(app)
images.register(app)
serving.register(app)
env.register(app)


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
