"""`ekiben models`: the models of the local store, and of remotes."""

from __future__ import annotations

from typing import Annotated

import typer

from ekiben.cli import reading
from ekiben.cli.archiving import export_model, import_model
from ekiben.cli.commands import HELP_FLAGS
from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.items import delete_items
from ekiben.cli.options import From, GetOutput, ListOutput, NameArgument, Remote, TagArgument, TagsArgument, Yes
from ekiben.cli.pruning import prune_models
from ekiben.cli.remotes import copy_model, pull_model, push_model
from ekiben.cli.state import state_of
from ekiben.cli.trusting import sign_model, verify_model

app = typer.Typer(
    no_args_is_help=True, add_completion=False, context_settings=HELP_FLAGS, help="The models of the local store."
)


@app.command(name="list")
def list_models(
    ctx: typer.Context,
    name: NameArgument = None,
    output: ListOutput = ListFormat.table,
    remote: Remote = False,
    from_: From = None,
) -> None:
    """List models, newest first."""
    if not remote and not from_ and "/" not in (name or ""):
        return reading.list_models(state_of(ctx), name, output)
    from ekiben.cli.remote_items import list_remote_items
    from ekiben.store.archive.formats import MODEL

    return list_remote_items(state_of(ctx), MODEL, name, from_, output)


@app.command(name="get")
def get_model(
    ctx: typer.Context,
    tag: TagArgument,
    output: GetOutput = GetFormat.yaml,
    remote: Remote = False,
    from_: From = None,
) -> None:
    """Show one model: its manifest, its path or its files."""
    if not remote and not from_ and "/" not in tag:
        return reading.get_model(state_of(ctx), tag, output)
    from ekiben.cli.remote_items import get_remote_item
    from ekiben.store.archive.formats import MODEL

    return get_remote_item(state_of(ctx), MODEL, tag, from_, output)


@app.command(name="delete")
def delete_models(
    ctx: typer.Context,
    tags: TagsArgument,
    yes: Yes = False,
    force: Annotated[bool, typer.Option("--force", help="Delete even where local Bentos need the model.")] = False,
    remote: Remote = False,
    from_: From = None,
) -> None:
    """Delete models; refused where a local Bento needs one, unless forced."""
    state = state_of(ctx)
    if not remote and not from_ and "/" not in "".join(tags):
        return delete_items(state.store.models, tags, yes=yes, force=force, reporter=state.reporter)
    from ekiben.cli.remote_items import delete_remote_items
    from ekiben.store.archive.formats import MODEL

    return delete_remote_items(state, MODEL, tags, from_, yes=yes)


app.command(name="verify")(verify_model)
app.command(name="sign")(sign_model)
app.command(name="prune")(prune_models)
app.command(name="export")(export_model)
app.command(name="import")(import_model)
app.command(name="push")(push_model)
app.command(name="pull")(pull_model)
app.command(name="copy")(copy_model)
