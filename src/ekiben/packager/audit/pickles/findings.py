"""What following a pickle brought to light."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ekiben.packager.audit.pickles.limits import MAX_IMPORTS, LimitReached
from ekiben.packager.audit.pickles.values import Global


class Trouble(StrEnum):
    """What can be wrong with a pickle, whatever it imports."""

    broken = "broken"
    limit = "limit"
    unresolved = "unresolved"  # the name of an import is computed, so nobody can tell it without running the pickle
    patched = "patched"  # an imported module, function or class is given other attributes
    two_ways = "two ways"  # the bytes mean something else to another loader, and import something there


@dataclass(frozen=True, slots=True)
class Problem:
    """One trouble, and what there is to say of it."""

    trouble: Trouble
    detail: str


@dataclass(slots=True)
class Pickle:
    """One pickle. `within` is the way to it through archives and other pickles, empty for the file itself; `imports`
    is what the unpickler looks up, in order, each once; `reached` what it gets by `getattr`, and `X.__call__` where
    it calls what `X` gave; `has_called` whether it calls anything."""

    within: tuple[str, ...] = ()
    imports: dict[Global, Global] = field(default_factory=dict)
    reached: dict[Global, Global] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    has_called: bool = False

    def imported(self, found: Global) -> Global:
        """Notes an import; gives the one value that stands for it. Raises LimitReached."""
        known = self.imports.setdefault(found, found)
        self._bound()
        return known

    def reaches(self, found: Global) -> Global:
        """Notes an attribute; gives the one value that stands for it. Raises LimitReached."""
        known = self.reached.setdefault(found, found)
        self._bound()
        return known

    def has_problem(self, trouble: Trouble, detail: str) -> None:
        """Notes a problem, once."""
        problem = Problem(trouble, detail)
        if problem not in self.problems and len(self.problems) < MAX_IMPORTS:
            self.problems.append(problem)

    def _bound(self) -> None:
        if len(self.imports) + len(self.reached) > MAX_IMPORTS:
            raise LimitReached("it imports too many different names")
