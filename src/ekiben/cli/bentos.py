"""`ekiben list`, `get`, `delete`: the Bentos of the local store, or of a remote."""

from __future__ import annotations

from typing import Annotated

import typer

from ekiben.cli import reading
from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.items import delete_items
from ekiben.cli.options import From, GetOutput, ListOutput, NameArgument, Remote, TagArgument, TagsArgument, Yes
from ekiben.cli.state import state_of


def list_bentos(
    ctx: typer.Context,
    name: NameArgument = None,
    output: ListOutput = ListFormat.table,
    remote: Remote = False,
    from_: From = None,
) -> None:
    """List Bentos, newest first."""
    if not remote and not from_ and "/" not in (name or ""):
        return reading.list_bentos(state_of(ctx), name, output)
    from ekiben.cli.remote_items import list_remote_items
    from ekiben.store.archive.formats import BENTO

    return list_remote_items(state_of(ctx), BENTO, name, from_, output)


def get_bento(
    ctx: typer.Context,
    tag: TagArgument,
    output: GetOutput = GetFormat.yaml,
    remote: Remote = False,
    from_: From = None,
) -> None:
    """Show one Bento: its manifest, its path or its files."""
    if not remote and not from_ and "/" not in tag:
        return reading.get_bento(state_of(ctx), tag, output)
    from ekiben.cli.remote_items import get_remote_item
    from ekiben.store.archive.formats import BENTO

    return get_remote_item(state_of(ctx), BENTO, tag, from_, output)


def delete_bentos(
    ctx: typer.Context,
    tags: TagsArgument,
    yes: Yes = False,
    force: Annotated[
        bool, typer.Option("--force", help="Accepted for symmetry with models; nothing needs a Bento.")
    ] = False,
    remote: Remote = False,
    from_: From = None,
) -> None:
    """Delete Bentos."""
    state = state_of(ctx)
    if not remote and not from_ and "/" not in "".join(tags):
        return delete_items(state.store.bentos, tags, yes=yes, force=force, reporter=state.reporter)
    from ekiben.cli.remote_items import delete_remote_items
    from ekiben.store.archive.formats import BENTO

    return delete_remote_items(state, BENTO, tags, from_, yes=yes)
