"""`ekiben models`: the models of the local store."""

from __future__ import annotations

from typing import Annotated

import typer

from ekiben.cli import reading
from ekiben.cli.archiving import export_model, import_model
from ekiben.cli.commands import HELP_FLAGS
from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.items import delete_items
from ekiben.cli.options import GetOutput, ListOutput, NameArgument, TagArgument, TagsArgument, Yes
from ekiben.cli.pruning import prune_models
from ekiben.cli.remotes import pull_model, push_model
from ekiben.cli.state import state_of
from ekiben.cli.trusting import sign_model, verify_model

app = typer.Typer(
    no_args_is_help=True, add_completion=False, context_settings=HELP_FLAGS, help="The models of the local store."
)


@app.command(name="list")
def list_models(ctx: typer.Context, name: NameArgument = None, output: ListOutput = ListFormat.table) -> None:
    """List models, newest first."""
    reading.list_models(state_of(ctx), name, output)


@app.command(name="get")
def get_model(ctx: typer.Context, tag: TagArgument, output: GetOutput = GetFormat.yaml) -> None:
    """Show one model: its manifest, its path or its files."""
    reading.get_model(state_of(ctx), tag, output)


@app.command(name="delete")
def delete_models(
    ctx: typer.Context,
    tags: TagsArgument,
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Delete even where local Bentos need the model.")] = False,
) -> None:
    """Delete models; refused where a local Bento needs one, unless forced."""
    state = state_of(ctx)
    delete_items(state.store.models, tags, yes=yes, force=force, reporter=state.reporter)


app.command(name="verify")(verify_model)
app.command(name="sign")(sign_model)
app.command(name="prune")(prune_models)
app.command(name="export")(export_model)
app.command(name="import")(import_model)
app.command(name="push")(push_model)
app.command(name="pull")(pull_model)
