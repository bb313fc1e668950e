"""What `list` and `get` print of the local store's Bentos and models, however they were called.

A table of Bentos is made of what the folders and the index say; nothing else of the store is imported for it.
"""

from __future__ import annotations

from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.output import print_table, size_text, time_text
from ekiben.cli.state import State
from ekiben.store.disk import disk_errors
from ekiben.store.shelf import bento_shelf
from ekiben.tag import Tag


def list_bentos(state: State, name: str | None, output: ListFormat) -> None:
    """All Bentos, or those of a name, newest first."""
    if output is not ListFormat.table:
        from ekiben.cli.items import print_items

        return print_items(state.store.bentos, name, output)
    with disk_errors(state.layout.bentos):
        found = bento_shelf(state.layout).rows(None if name is None else Tag.parse(name))
    shown = [(f"{one.name}:{one.version}", size_text(one.size_bytes), time_text(one.created)) for one in found]
    return print_table(("Tag", "Size", "Created"), shown)


def get_bento(state: State, tag: str, output: GetFormat) -> None:
    """One Bento."""
    from ekiben.cli.items import get_item

    get_item(state.store.bentos, tag, output)


def list_models(state: State, name: str | None, output: ListFormat) -> None:
    """All models, or those of a name, newest first. One whose manifest is damaged has no module in the table."""
    from ekiben.cli.items import print_items
    from ekiben.store.summaries import Summary

    shelf = state.store.models
    if output is not ListFormat.table:
        return print_items(shelf, name, output)
    found = shelf.receipts(name)
    told = shelf.summaries([tag for tag, _ in found])
    modules = [one.module if isinstance(one, Summary) else "" for one in told]
    cells = [(str(tag), size_text(receipt.size_bytes), time_text(receipt.created)) for tag, receipt in found]
    shown = [(tag, module, *others) for (tag, *others), module in zip(cells, modules, strict=True)]
    return print_table(("Tag", "Module", "Size", "Created"), shown)


def get_model(state: State, tag: str, output: GetFormat) -> None:
    """One model."""
    from ekiben.cli.items import get_item

    get_item(state.store.models, tag, output)
