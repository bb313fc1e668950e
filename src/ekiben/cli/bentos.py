"""`ekiben list`, `get`, `delete`: the Bentos of the local store."""

from __future__ import annotations

from typing import Annotated

import typer

from ekiben.cli import reading
from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.items import delete_items
from ekiben.cli.options import GetOutput, ListOutput, NameArgument, TagArgument, TagsArgument, Yes
from ekiben.cli.state import state_of


def list_bentos(ctx: typer.Context, name: NameArgument = None, output: ListOutput = ListFormat.table) -> None:
    """List Bentos, newest first."""
    reading.list_bentos(state_of(ctx), name, output)


def get_bento(ctx: typer.Context, tag: TagArgument, output: GetOutput = GetFormat.yaml) -> None:
    """Show one Bento: its manifest, its path or its files."""
    reading.get_bento(state_of(ctx), tag, output)


def delete_bentos(
    ctx: typer.Context,
    tags: TagsArgument,
    yes: Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="Accepted for symmetry with models; nothing needs a Bento.")
    ] = False,
) -> None:
    """Delete Bentos."""
    state = state_of(ctx)
    delete_items(state.store.bentos, tags, yes=yes, force=force, reporter=state.reporter)
