"""Where a pulled item came from, as its receipt tells: so that, pushed on, it is the same artifact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ekiben.store.item import StoredItem
from ekiben.store.receipt import format_time, parse_time
from ekiben.store.remote.artifacts.artifact import ItemFacts

_KEY = "pulled"


def pulled_from(reference: str, facts: ItemFacts | None) -> Mapping[str, object]:
    """What the receipt tells of an item that was pulled: from where, and when it was made there."""
    made = {"created": format_time(facts.created)} if facts else {}
    return {_KEY: {"from": reference, **made}}


def source_of_pull(details: Mapping[str, object]) -> str | None:
    """The reference that a receipt's details name, None where the item was not pulled."""
    told = details.get(_KEY)
    reference = told.get("from") if isinstance(told, Mapping) else None
    return reference if isinstance(reference, str) else None


def made_at(item: StoredItem) -> datetime:
    """When the item was made, by its maker's receipt."""
    told = item.details.get(_KEY)
    created = told.get("created") if isinstance(told, Mapping) else None
    try:
        return parse_time(created) if isinstance(created, str) else item.created
    except ValueError:  # somebody has edited it
        return item.created
