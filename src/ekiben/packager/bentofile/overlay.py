"""`overlaid`: a bentofile with the keys that a caller of `ekiben.build(...)` gives laid over it.

A key that is given replaces the file's whole key. What is wrong with it is told by the argument's name, not a place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import BentofileError
from ekiben.packager.bentofile.document import Document, Place, Route
from ekiben.packager.credentials import redact

CALL = Path("ekiben.build()")  # stands in messages where a file's path would


@dataclass(frozen=True, slots=True)
class Overlaid(Document):
    """A document of which the top-level keys in `given` are a caller's."""

    given: frozenset[str] = frozenset()

    def place_of(self, route: Route, *, is_key: bool = False) -> Place | None:
        """The place in the file; None for what no file holds."""
        return None if self._is_given(route) else Document.place_of(self, route, is_key=is_key)

    def error(self, message: str, route: Route, *, is_key: bool = False, hint: str | None = None) -> BentofileError:
        """`message` with the place of `route`, or with the name of the call."""
        if not self._is_given(route):
            return Document.error(self, message, route, is_key=is_key, hint=hint)
        return BentofileError(redact(message), path=CALL, hint=redact(hint) if hint else None)

    def _is_given(self, route: Route) -> bool:
        return bool(route) and route[0] in self.given


def overlaid(document: Document | None, options: Mapping[str, object]) -> Document:
    """`document` (None: there is no file) with `options` in the place of its keys."""
    if document is None:
        return Overlaid(CALL, _plain(options), given=frozenset(options))
    data = {} if document.data is None else document.data
    if not options or not isinstance(data, Mapping):
        return document
    merged = {**data, **{key: _plain(value) for key, value in options.items()}}
    given = frozenset(options)
    values = {route: place for route, place in document.values.items() if not route or route[0] not in given}
    return Overlaid(document.path, merged, document.keys, values, given=given)


def _plain(value: object) -> object:
    """A caller's value as a file would have it: paths are text, tuples lists."""
    if isinstance(value, Mapping):
        return {_plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
