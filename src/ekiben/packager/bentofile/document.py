"""`Document`: a file's data together with the line and column of every key and value, so that errors can point.

YAML here; `pyproject` makes the same value from a TOML table. What the data means is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import yaml

from ekiben.errors import BentofileError
from ekiben.packager.credentials import redact

MAX_DEPTH = 32  # levels of lists and mappings: a bentofile has five, and what reads them calls itself for each

_SURROGATE = re.compile(r"[\ud800-\udfff]")

Step: TypeAlias = str | int
Route: TypeAlias = tuple[Step, ...]  # keys and list indexes from the top: ("docker", "system_packages", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, counted from 1; `text` is a plain value as written (`3.10`, where the data says 3.1)."""

    line: int
    column: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """`keys` and `values` give the places by route. Where a route is in neither, its nearest parent's place serves."""

    path: Path
    data: object
    keys: dict[Route, Place] = field(default_factory=dict)
    values: dict[Route, Place] = field(default_factory=dict)

    def place_of(self, route: Route, *, is_key: bool = False) -> Place | None:
        """The place of the value at `route` (or of its key), or that of what holds it."""
        if is_key and route in self.keys:
            return self.keys[route]
        for length in range(len(route), -1, -1):
            place = self.values.get(route[:length]) or self.keys.get(route[:length])
            if place is not None:
                return place
        return None

    def error(self, message: str, route: Route, *, is_key: bool = False, hint: str | None = None) -> BentofileError:
        """`message` with the place of `route`. Keys and values are quoted without the secrets of their URLs."""
        place = self.place_of(route, is_key=is_key)
        line, column = (place.line, place.column) if place else (None, None)
        shown = redact(hint) if hint else None
        return BentofileError(redact(message), path=self.path, line=line, column=column, hint=shown)


def dotted(route: Route) -> str:
    """`docker.system_packages[0]`, as people write a route."""
    text = ""
    for step in route:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(path: Path) -> Document:
    """The YAML document in `path`; an empty file gives no data.

    Raises BentofileError: no YAML, a key written twice, text that no file can hold, more than MAX_DEPTH levels.
    """
    text = read_text(path)
    document = Document(path, {})
    try:
        _check_depth(text, path)
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return document
        _find_places(node, document)
        return replace(document, data=_constructed(loader, node))
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(path, error) from error
    except yaml.YAMLError as error:
        raise BentofileError(f"this is no YAML: {_one_line(error)}", path=path) from error


def read_text(path: Path) -> str:
    """The file's text; BentofileError where it cannot be read or is no UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BentofileError("the file is no UTF-8 text", path=path) from error
    except OSError as error:
        raise BentofileError(f"the file cannot be read: {error.strerror}", path=path) from error


def _check_depth(text: str, path: Path) -> None:
    """Asks the parser for its events, since composing nodes of them calls itself for every level."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise BentofileError(f"there are more than {MAX_DEPTH} levels", path=path, line=line)


def _constructed(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    try:
        return loader.construct_document(node)
    except ValueError as error:  # a date that is none, a number of thousands of digits
        raise yaml.YAMLError(str(error)) from error
    except (ArithmeticError, LookupError, AttributeError, TypeError) as error:  # `!!int ""`, `!!bool x`
        raise yaml.YAMLError("a value is not of the type that it is given") from error


def _find_places(root: yaml.Node, document: Document) -> None:
    """Fills the document's places. A node reached twice (by an alias) keeps the place of its anchor."""
    seen: set[int] = set()
    pending: list[tuple[Route, yaml.Node]] = [((), root)]
    while pending:
        route, node = pending.pop()
        document.values[route] = _place(node)
        _check_text(node, route, document)
        if id(node) in seen:
            continue
        seen.add(id(node))
        pending.extend(_children(route, node, document))


def _children(route: Route, node: yaml.Node, document: Document) -> Iterator[tuple[Route, yaml.Node]]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*route, index), item
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*route, str(key.value))
            first, document.keys[here] = document.keys.get(here), _place(key)
            _check_text(key, here, document)
            if first is not None:
                hint = f"it was written before on line {first.line}"
                raise document.error(f"the key `{key.value}` is written twice", here, is_key=True, hint=hint)
            yield here, value


def _check_text(node: yaml.Node, route: Route, document: Document) -> None:
    if isinstance(node, yaml.ScalarNode) and _SURROGATE.search(node.value):
        raise document.error("this holds half of a surrogate pair, which is no character", route)


def _place(node: yaml.Node) -> Place:
    mark = node.start_mark
    return Place(mark.line + 1, mark.column + 1, node.value if isinstance(node, yaml.ScalarNode) else None)


def _syntax_error(path: Path, error: yaml.MarkedYAMLError) -> BentofileError:
    mark = error.problem_mark or error.context_mark
    place = (mark.line + 1, mark.column + 1) if mark else (None, None)
    problem = " ".join(part for part in (error.context, error.problem) if part)
    return BentofileError(f"this is no YAML: {problem}", path=path, line=place[0], column=place[1])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
