"""`Finding`: something that is not as it should be, and what mends it where something can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Repair = Callable[[], object]  # raises OSError or an error of ours where it cannot be done after all


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """`what` is a phrase that follows `where`, an item or a path in the store. Without `repair` it can only be told."""

    where: str
    what: str
    repair: Repair | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"

    def to_dict(self) -> dict[str, object]:
        """As JSON tells it."""
        return {"where": self.where, "what": self.what, "is_repairable": self.repair is not None}
