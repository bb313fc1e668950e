"""Which models differ between two Bentos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ekiben.packager.diff.files import Kind, kind_of
from ekiben.store.bento_manifest import BentoModelEntry

# What makes an entry of one Bento that of the other, from the surest on. A Bento may list one model under several
# aliases, and several versions of one name.
_SAMENESS: tuple[Callable[[BentoModelEntry], object], ...] = (
    lambda entry: entry,
    lambda entry: (entry.tag, entry.alias),
    lambda entry: entry.tag,
    lambda entry: (entry.tag.name, entry.alias),
    lambda entry: entry.tag.name,
    lambda entry: entry.alias or "",
)


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model that only one of them lists, or lists otherwise."""

    old: BentoModelEntry | None
    new: BentoModelEntry | None

    @property
    def name(self) -> str:
        """The model's name, the old one where it is another now."""
        entry = self.old or self.new
        assert entry is not None, "a change has a side"
        return entry.tag.name

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return kind_of(self.old, self.new)


def diff_models(old: Iterable[BentoModelEntry], new: Iterable[BentoModelEntry]) -> tuple[ModelChange, ...]:
    """The entries that differ. Two are taken for the same model where what they share is theirs alone on both sides."""
    before, after = list(dict.fromkeys(old)), list(dict.fromkeys(new))  # a damaged list may repeat itself
    changes: list[ModelChange] = []
    for sameness in _SAMENESS:
        pairs = _pairs(before, after, sameness)
        before = [entry for entry in before if entry not in dict(pairs)]
        after = [entry for entry in after if entry not in dict(pairs).values()]
        changes += [ModelChange(one, other) for one, other in pairs if one != other]
    changes += [ModelChange(entry, None) for entry in before]
    changes += [ModelChange(None, entry) for entry in after]
    return tuple(sorted(changes, key=_order))


def _pairs(
    before: Sequence[BentoModelEntry], after: Sequence[BentoModelEntry], key: Callable[[BentoModelEntry], object]
) -> list[tuple[BentoModelEntry, BentoModelEntry]]:
    counts = Counter(map(key, before)), Counter(map(key, after))
    others = {key(entry): entry for entry in after}
    unique = [entry for entry in before if key(entry) and counts[0][key(entry)] == counts[1][key(entry)] == 1]
    return [(entry, others[key(entry)]) for entry in unique]


def _order(change: ModelChange) -> list[tuple[str, str]]:
    """The same whichever side is which."""
    return sorted((str(one.tag), one.alias or "") for one in (change.old, change.new) if one)
