"""`ekiben models`: the models of the local store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from ekiben.cli.archiving import export_model, import_model
from ekiben.cli.commands import HELP_FLAGS
from ekiben.cli.items import delete_items, get_item, list_items
from ekiben.cli.options import (
    GetFormat,
    GetOutput,
    ListFormat,
    ListOutput,
    NameArgument,
    TagArgument,
    TagsArgument,
    Yes,
)
from ekiben.cli.output import size_text, time_text
from ekiben.cli.pruning import prune_models
from ekiben.cli.state import state_of
from ekiben.cli.trusting import sign_model, verify_model
from ekiben.store.receipt import Receipt
from ekiben.store.summaries import Summary
from ekiben.tag import Tag

app = typer.Typer(
    no_args_is_help=True, add_completion=False, context_settings=HELP_FLAGS, help="The models of the local store."
)


@app.command(name="list")
def list_models(ctx: typer.Context, name: NameArgument = None, output: ListOutput = ListFormat.table) -> None:
    """List models, newest first."""
    shelf = state_of(ctx).store.models

    def rows(found: Sequence[tuple[Tag, Receipt]]) -> Iterator[tuple[str, str, str, str]]:
        told = shelf.summaries([tag for tag, _ in found])
        return (_row(tag, receipt, summary) for (tag, receipt), summary in zip(found, told, strict=True))

    list_items(shelf, name, output, ("Tag", "Module", "Size", "Created"), rows)


@app.command(name="get")
def get_model(ctx: typer.Context, tag: TagArgument, output: GetOutput = GetFormat.yaml) -> None:
    """Show one model: its manifest, its path or its files."""
    get_item(state_of(ctx).store.models, tag, output)


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


def _row(tag: Tag, receipt: Receipt, summary: Summary | Exception) -> tuple[str, str, str, str]:
    """One damaged model does not fail the list: it has no module."""
    module = summary.module if isinstance(summary, Summary) else ""
    return str(tag), module, size_text(receipt.size_bytes), time_text(receipt.created)
