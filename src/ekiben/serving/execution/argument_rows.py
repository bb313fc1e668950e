"""Rows of `CallArguments`: what has rows is cut and joined argument by argument; all else has to be equal.

So `encode(texts, normalize=True)` joins calls of the same `normalize`, and several arrays are kept in step.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import cast

from ekiben.errors import ServiceError
from ekiben.serving.execution.rows import RowKind, row_kind
from ekiben.serving.payload.call_arguments import CallArguments
from ekiben.serving.payload.values import encode_values


class ArgumentRows:
    """All arguments of one call."""

    def count(self, value: object, dim: int) -> int:
        """What each argument that has rows has. Raises ValueError where they differ, or none has any."""
        values = _values(value)
        counts = {kind.count(one, dim) for one in values if (kind := row_kind(one)) is not None}
        if not counts:
            kinds = ", ".join(f"`{type(one).__name__}`" for one in values) or "there is none"
            raise ValueError(f"no argument is a list or array of rows to batch ({kinds})")
        if len(counts) > 1:
            raise ValueError(f"the arguments differ in length: {sorted(counts)}")
        return counts.pop()

    def take(self, value: object, start: int, stop: int, dim: int) -> object:
        """The same rows of each."""
        return _each(value, lambda one, kind: kind.take(one, start, stop, dim))

    def join(self, values: Sequence[object], dim: int) -> object:
        """Each argument joined with its like."""
        calls = cast("Sequence[CallArguments]", values)
        first = calls[0]
        columns = zip(*(_values(one) for one in calls), strict=True)
        joined = [column[0] if (kind := row_kind(column[0])) is None else kind.join(column, dim) for column in columns]
        return first.with_values(joined)

    def copy(self, value: object) -> object:
        """Each copied."""
        return _each(value, lambda one, kind: kind.copy(one))

    def key(self, value: object, dim: int) -> Hashable:
        """Names and number of the arguments, the keys of those with rows, the others as they travel."""
        arguments = cast(CallArguments, value)
        return tuple((name, _key(one, dim)) for name, one in arguments.by_key().items())


def _key(value: object, dim: int) -> Hashable:
    kind = row_kind(value)
    if kind is not None:
        return type(value), kind.key(value, dim)
    try:
        return bytes(encode_values(value).body)
    except ServiceError:
        return id(value)  # came from within this process; joined with none but itself


def _values(value: object) -> list[object]:
    return list(cast(CallArguments, value).by_key().values())


def _each(value: object, change: Callable[[object, RowKind], object]) -> CallArguments:
    arguments = cast(CallArguments, value)
    changed = [one if (kind := row_kind(one)) is None else change(one, kind) for one in _values(arguments)]
    return arguments.with_values(changed)
