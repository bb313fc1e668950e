"""The bentofile as a table of pyproject.toml: `[tool.ekiben.build]`, or BentoML's `[tool.bentoml.build]`.

`tomllib` gives no places, so lines are found by reading the table headers and keys once more. Columns are not known,
and a key inside an inline table or a list has the line of the key that holds it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from ekiben.errors import BentofileError
from ekiben.packager.bentofile.document import Document, Place, Route, read_text

TABLES: tuple[Route, ...] = (("tool", "ekiben", "build"), ("tool", "bentoml", "build"))
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_POSITION = re.compile(r"\s*\(at line (\d+), column (\d+)\)")


def read_pyproject(path: Path) -> Document | None:
    """The build table of `path`, or None where it has none.

    As in BentoML, `project.name` is the name unless the table gives one, and `project.dependencies` go before its
    `python.packages`. Raises BentofileError for a file that is no TOML or has both tables.
    """
    text = read_text(path)
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, error) from error
    except ValueError as error:  # a number of thousands of digits
        raise BentofileError(f"this is no TOML: {error}", path=path) from error
    except RecursionError as error:
        raise BentofileError("there are too many levels", path=path) from error
    found = [(table, data) for table in TABLES if (data := _at(content, table)) is not None]
    if not found:
        return None
    if len(found) > 1:
        raise BentofileError(
            "both `[tool.ekiben.build]` and `[tool.bentoml.build]` are there", path=path, hint="keep one"
        )
    table, data = found[0]
    keys = {route[len(table) :]: place for route, place in _key_places(text) if route[: len(table)] == table}
    project = content.get("project")
    return Document(path, _with_project(data, project if isinstance(project, Mapping) else {}), keys)


def _with_project(data: object, project: Mapping[str, object]) -> object:
    if not isinstance(data, Mapping):
        return data
    merged = dict(data)
    if isinstance(name := project.get("name"), str):
        merged.setdefault("name", re.sub(r"[-_.]+", "-", name).lower())  # PEP 503, which the tag grammar covers
    dependencies, python = project.get("dependencies"), merged.get("python", {})
    if isinstance(dependencies, list) and isinstance(python, Mapping):
        packages = python.get("packages", [])
        if isinstance(packages, list):
            merged["python"] = {**python, "packages": [*dependencies, *packages]}
    return merged


def _at(content: Mapping[str, object], route: Route) -> object | None:
    here: object = content
    for step in route:
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


def _key_places(text: str) -> Iterator[tuple[Route, Place]]:
    """`(route, place)` of the headers and keys in `text`. A line inside a multi-line value may be taken for a key,
    which does no harm: nobody asks for its route."""
    table: Route = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _split(header[1])
            yield table, Place(number)
        elif key := _KEY.match(line):
            yield (*table, *_split(key[1])), Place(number)


def _split(dotted: str) -> Route:
    parts = re.findall(r""""[^"]*"|'[^']*'|[^.\s]+""", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _syntax_error(path: Path, error: tomllib.TOMLDecodeError) -> BentofileError:
    message = str(error)
    position = _POSITION.search(message)
    line, column = (int(position[1]), int(position[2])) if position else (None, None)
    problem = _POSITION.sub("", message)
    return BentofileError(f"this is no TOML: {problem[:1].lower()}{problem[1:]}", path=path, line=line, column=column)
