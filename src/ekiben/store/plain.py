"""Plain values: what a manifest can keep as text and give back unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from ekiben.errors import UsageError

_SCALARS = (str, bool, int, float)


def plain(value: object, where: str) -> object:
    """`value` made of str, bool, int, float, None, date, list and dict alone.

    Scalars of numpy become Python's, tuples lists. Raises UsageError naming the place (`metadata.scores[2]`).
    """
    if value is None or type(value) in _SCALARS or isinstance(value, date):
        return value
    if isinstance(value, Mapping):
        return plain_mapping(value, where)
    if isinstance(value, list | tuple):
        return [plain(one, f"{where}[{index}]") for index, one in enumerate(value)]
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return plain(value.item(), where)
    for kind in _SCALARS:
        if isinstance(value, kind):
            return kind(value)
    raise UsageError(
        f"`{where}` is of type `{type(value).__name__}`, which a manifest cannot keep",
        hint="use text, numbers, booleans, dates, lists and mappings; objects belong into custom_objects",
    )


def plain_mapping(value: Mapping[str, object], where: str) -> dict[str, object]:
    """The same for a mapping, whose keys must be text."""
    if not isinstance(value, Mapping):
        raise UsageError(f"`{where}` is of type `{type(value).__name__}` and should be a mapping")
    for key in value:
        if not isinstance(key, str):
            raise UsageError(f"`{where}` has the key `{key!r}`, which is no text")
    return {str(key): plain(one, f"{where}.{key}") for key, one in value.items()}


def plain_labels(value: Mapping[str, object], where: str = "labels") -> dict[str, str]:
    """Labels: text to text. Numbers and booleans are written as Python prints them, as BentoML does."""
    labels = plain_mapping(value, where)
    for key, one in labels.items():
        if not isinstance(one, _SCALARS):
            raise UsageError(f"`{where}.{key}` is of type `{type(one).__name__}` and should be text")
    return {key: str(one) for key, one in labels.items()}
