"""`Declaration`: what a service says in its own file that a bentofile may say, too, in the bentofile's words; and
`joined`: a bentofile's document with that in it.

The bentofile goes before the service, key by key; lists of packages and variables are joined, the bentofile's first.
What is checked afterwards is one document, so both are held to the same grammar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from ekiben.errors import BentofileError
from ekiben.packager.bentofile.document import Document, Place, Route
from ekiben.packager.credentials import redact

PACKAGES: Route = ("python", "packages")
PIP_ARGS: Route = ("python", "pip_args")
SYSTEM_PACKAGES: Route = ("docker", "system_packages")
ENVS: Route = ("envs",)
_LISTS = frozenset({PACKAGES, SYSTEM_PACKAGES, ENVS})

Command: TypeAlias = tuple[Literal["run", "run_script"], str]


@dataclass(frozen=True, slots=True)
class Declaration:
    """`values` are by their routes in a bentofile; `commands` run in the base, in their order; `place` is the file and
    line of the service, for messages."""

    values: Mapping[Route, object]
    commands: tuple[Command, ...] = ()
    place: tuple[Path, int | None] = (Path(), None)

    def error(self, message: str, hint: str | None = None) -> BentofileError:
        """`message` with the place of the service."""
        file, line = self.place
        return BentofileError(redact(message), path=file, line=line, hint=redact(hint) if hint else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined(Document):
    """A document of which a service says a part: `said` has the routes, with the first index where it is a list."""

    under: Document
    declaration: Declaration
    said: Mapping[Route, int] = field(default_factory=dict)

    def place_of(self, route: Route, *, is_key: bool = False) -> Place | None:
        """The place in the bentofile; None for what no bentofile holds."""
        return None if self._is_declared(route) else self.under.place_of(route, is_key=is_key)

    def error(self, message: str, route: Route, *, is_key: bool = False, hint: str | None = None) -> BentofileError:
        """`message` with the place of `route`, or with that of the service."""
        if self._is_declared(route):
            return self.declaration.error(message, hint)
        return self.under.error(message, route, is_key=is_key, hint=hint)

    def _is_declared(self, route: Route) -> bool:
        for length in range(1, len(route) + 1):
            first = self.said.get(route[:length])
            if first is not None:
                index = route[length] if len(route) > length else None
                return first == 0 or (isinstance(index, int) and index >= first)
        return False


def joined(document: Document, declaration: Declaration) -> Document:
    """`document` with what it does not say itself."""
    if not isinstance(document.data, Mapping | None):
        return document  # whoever checks it says so
    merged: dict[str, object] = dict(document.data or {})
    said: dict[Route, int] = {}
    for route, value in declaration.values.items():
        level = merged
        for step in route[:-1]:
            below = level.get(str(step))
            if not isinstance(below, Mapping | None):
                break
            level[str(step)] = lower = dict(below or {})
            level = lower
        else:
            _add(level, route, value, said)
    return Joined(
        document.path, merged, document.keys, document.values, under=document, declaration=declaration, said=said
    )


def _add(level: dict[str, object], route: Route, value: object, said: dict[Route, int]) -> None:
    key = str(route[-1])
    known = level.get(key)
    if known is None:
        level[key], said[route] = value, 0
    elif route in _LISTS and isinstance(known, list) and isinstance(value, Sequence):
        names = {_name(one) for one in known}
        further = [one for one in value if _name(one) not in names]
        if further:
            level[key], said[route] = [*known, *further], len(known)
    elif route == PIP_ARGS:
        level[key] = f"{known} {value}"


def _name(one: object) -> object:
    """Of a variable its name, by which the bentofile's goes before; of a package all that is said."""
    return str(one.get("name")) if isinstance(one, Mapping) else str(one)
