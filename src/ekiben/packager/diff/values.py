"""Which values differ between two nested documents, by dotted path: `services[Iris].config.workers`. Pure.

A list whose members have names is compared by them (`services[Iris]`, `envs[TOKEN]`), and where their order or number
changed, that is one more row under the list's own path; any other list is one value.
"""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ekiben.packager.diff.files import Kind, kind_of

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value as JSON text, which tells `1` from `true` and `null` from nothing at all."""

    json: str

    @property
    def value(self) -> object:
        """The value itself."""
        return json.loads(self.json)


_EMPTY = Leaf("{}")


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A value that only one of them has, or that differs."""

    path: str
    old: Leaf | None
    new: Leaf | None

    @property
    def kind(self) -> Kind:
        """What became of it."""
        return kind_of(self.old, self.new)


def diff_values(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[ValueChange, ...]:
    """The values that differ, by path. A mapping that was filled or emptied is told by its keys alone."""
    before, after = leaves(old), leaves(new)
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    changes = (ValueChange(path, before.get(path), after.get(path)) for path in paths)
    return tuple(one for one in changes if _EMPTY not in (one.old, one.new) or not _has_below(paths, one.path))


def _has_below(paths: Sequence[str], path: str) -> bool:
    """Whether one of `paths`, which are sorted, is of a key inside of the mapping at `path`."""
    following = bisect.bisect_left(paths, f"{path}.")
    return following < len(paths) and paths[following].startswith(f"{path}.")


def leaves(document: Mapping[str, object]) -> dict[str, Leaf]:
    """Every value of a document that has none inside, by its path."""
    return dict(_leaves(document, "")) if document else {}


def _leaves(value: object, path: str) -> Iterator[tuple[str, Leaf]]:
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from _leaves(one, f"{path}.{_key(key)}" if path else _key(key))
    elif names := _names(value):
        yield path, _leaf(names)
        for name, one in zip(names, value if isinstance(value, list) else [], strict=True):
            yield from _leaves({key: inner for key, inner in one.items() if key != "name"}, f"{path}[{_key(name)}]")
    else:
        yield path, _leaf(value)


def _names(value: object) -> list[str]:
    """The names of a list's members, empty where it is no list or not every member has a name of its own."""
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        return []
    names = [one.get("name") for one in value]
    are_names = all(isinstance(name, str) for name in names)
    return [str(name) for name in names] if are_names and len(set(names)) == len(names) else []


def _key(key: object) -> str:
    """A key as it stands in a path: quoted where it holds what a path is made of."""
    text = key if isinstance(key, str) else json.dumps(key, default=str)
    return text if _PLAIN_KEY.fullmatch(text) else json.dumps(text)


def _leaf(value: object) -> Leaf:
    return Leaf(json.dumps(_plain(value), sort_keys=True))


def _plain(value: object) -> object:
    """What JSON can hold: numbers that it has no word for, dates and the like become text."""
    match value:
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
        case float():
            return value if value - value == 0 else str(value)
        case None | str() | bool() | int():
            return value
        case _:
            return str(value)
