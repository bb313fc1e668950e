"""`ekiben fsck`, `du`: is the store whole, what can be repaired of it, and what takes how much."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ekiben.cli.formats import ListFormat
from ekiben.cli.options import ListOutput, NameArgument, Progress
from ekiben.cli.output import print_rows, size_text
from ekiben.cli.state import state_of


def check_store(
    ctx: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be, and print what cannot.")] = False,
    output: ListOutput = ListFormat.table,
    progress: Progress = None,
) -> None:
    """Check every byte of the store, its index and what is around it. Exit code 1 where anything is amiss."""
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.fsck import check_store as check

    state = state_of(ctx)
    state.override(progress=progress)
    with disk_errors(state.store.home):
        checked = check(state.store, state.reporter, repairs=repair)
    for one in checked.repaired:
        state.reporter.info(f"repaired {one}")
    if checked.left or output is not ListFormat.table:
        shown = [one.to_dict() for one in checked.left]
        print_rows(output, shown, ("Where", "What"), [(one.where, one.what) for one in checked.left])
    if not checked.left:
        state.reporter.info("the store is whole")
        return
    mendable = sum(one.repair is not None for one in checked.left)
    if mendable and not repair:
        state.reporter.info(f"{mendable} of {len(checked.left)} can be repaired: `ekiben fsck --repair`")
    sys.exit(1)


def show_usage(ctx: typer.Context, name: NameArgument = None, output: ListOutput = ListFormat.table) -> None:
    """Show what the store takes on the disk, by name or, of one name, by version; shared files count once."""
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.usage import store_usage, version_usage

    layout = state_of(ctx).store.layout
    with disk_errors(layout.home):
        usages = version_usage(layout, name) if name else store_usage(layout)
    rows = [
        (one.kind, one.name, str(one.items), *map(size_text, (one.footprint.size_bytes, one.footprint.own_bytes)))
        for one in usages
    ]
    print_rows(output, [one.to_dict() for one in usages], ("Kind", "Name", "Items", "Size", "Its own"), rows)
