"""`ekiben fsck`: is the store whole, and what can be repaired of it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from ekiben.cli.options import ListFormat, ListOutput
from ekiben.cli.output import print_json, print_table, print_yaml
from ekiben.cli.state import state_of


def check_store(
    ctx: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be, and print what cannot.")] = False,
    output: ListOutput = ListFormat.table,
) -> None:
    """Check every byte of the store, its index and what is around it. Exit code 1 where anything is amiss."""
    from ekiben.store.disk import disk_errors
    from ekiben.store.upkeep.fsck import check_store as check

    state = state_of(ctx)
    with disk_errors(state.store.home):
        checked = check(state.store, state.reporter, repairs=repair)
    for one in checked.repaired:
        state.reporter.info(f"repaired {one}")
    match output:
        case ListFormat.json:
            print_json([one.to_dict() for one in checked.left])
        case ListFormat.yaml:
            print_yaml([one.to_dict() for one in checked.left])
        case ListFormat.table if checked.left:
            print_table(("Where", "What"), [(one.where, one.what) for one in checked.left])
        case ListFormat.table:
            state.reporter.info("the store is whole")
    if checked.left:
        mendable = sum(one.repair is not None for one in checked.left)
        if mendable and not repair:
            state.reporter.info(f"{mendable} of {len(checked.left)} can be repaired: `ekiben fsck --repair`")
        sys.exit(1)
