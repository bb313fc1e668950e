"""What `list` and `get` print of the local store's Bentos and models, however they were called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ekiben.cli.formats import GetFormat, ListFormat
from ekiben.cli.items import get_item, list_items
from ekiben.cli.output import size_text, time_text
from ekiben.cli.state import State
from ekiben.store.receipt import Receipt
from ekiben.store.summaries import Summary
from ekiben.tag import Tag


def list_bentos(state: State, name: str | None, output: ListFormat) -> None:
    """All Bentos, or those of a name."""
    list_items(state.store.bentos, name, output, ("Tag", "Size", "Created"), _bento_rows)


def get_bento(state: State, tag: str, output: GetFormat) -> None:
    """One Bento."""
    get_item(state.store.bentos, tag, output)


def list_models(state: State, name: str | None, output: ListFormat) -> None:
    """All models, or those of a name."""
    shelf = state.store.models

    def rows(found: Sequence[tuple[Tag, Receipt]]) -> Iterator[tuple[str, str, str, str]]:
        told = shelf.summaries([tag for tag, _ in found])
        return (_model_row(tag, receipt, summary) for (tag, receipt), summary in zip(found, told, strict=True))

    list_items(shelf, name, output, ("Tag", "Module", "Size", "Created"), rows)


def get_model(state: State, tag: str, output: GetFormat) -> None:
    """One model."""
    get_item(state.store.models, tag, output)


def _bento_rows(found: Sequence[tuple[Tag, Receipt]]) -> Iterator[tuple[str, str, str]]:
    return ((str(tag), size_text(receipt.size_bytes), time_text(receipt.created)) for tag, receipt in found)


def _model_row(tag: Tag, receipt: Receipt, summary: Summary | Exception) -> tuple[str, str, str, str]:
    """One damaged model does not fail the list: it has no module."""
    module = summary.module if isinstance(summary, Summary) else ""
    return str(tag), module, size_text(receipt.size_bytes), time_text(receipt.created)
