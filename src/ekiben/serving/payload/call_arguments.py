"""`CallArguments`: what a function was called with, as one value: all of it travels, and is joined, together.

On the wire it is an object: the positional ones under "0", "1", ..., the named ones under their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

FIRST = "0"  # the key of the first positional argument


@dataclass(frozen=True, slots=True)
class CallArguments:
    """As Python passes them."""

    positional: tuple[object, ...]
    named: Mapping[str, object]

    def by_key(self) -> dict[str, object]:
        """As they travel."""
        return {**{str(index): value for index, value in enumerate(self.positional)}, **self.named}

    def with_values(self, values: Sequence[object]) -> CallArguments:
        """Others in the places of `by_key`'s values."""
        split = len(self.positional)
        return CallArguments(tuple(values[:split]), dict(zip(self.named, values[split:], strict=True)))


def arguments_of(found: object) -> CallArguments:
    """The arguments of an object as it travels, or of a list, which are positional. Raises ValueError."""
    if isinstance(found, list | tuple):
        return CallArguments(tuple(found), {})
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise ValueError("arguments are a list, or an object by position and name")
    positions = {key for key in found if key.isdecimal()}
    if positions != {str(index) for index in range(len(positions))}:
        raise ValueError(f"the positions of the arguments are {', '.join(sorted(positions))}")
    positional = tuple(found[str(index)] for index in range(len(positions)))
    return CallArguments(positional, {key: value for key, value in found.items() if key not in positions})
