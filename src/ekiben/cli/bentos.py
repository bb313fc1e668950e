"""`ekiben list`, `get`, `delete`: the Bentos of the local store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

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
from ekiben.cli.state import state_of
from ekiben.store.receipt import Receipt
from ekiben.tag import Tag


def list_bentos(ctx: typer.Context, name: NameArgument = None, output: ListOutput = ListFormat.table) -> None:
    """List Bentos, newest first."""
    list_items(state_of(ctx).store.bentos, name, output, ("Tag", "Size", "Created"), _rows)


def get_bento(ctx: typer.Context, tag: TagArgument, output: GetOutput = GetFormat.yaml) -> None:
    """Show one Bento: its manifest, its path or its files."""
    get_item(state_of(ctx).store.bentos, tag, output)


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


def _rows(found: Sequence[tuple[Tag, Receipt]]) -> Iterator[tuple[str, str, str]]:
    return ((str(tag), size_text(receipt.size_bytes), time_text(receipt.created)) for tag, receipt in found)
