"""Arguments: values that a project leaves open and a build fills in, for `ekiben.use_arguments()` in the service.

They come from `args` in the bentofile, a file (`--arg-file`) and the command line (`--arg NAME=VALUE`), each before the
one in front of it. The command line's are text; those of a file are what the file says they are. bento.yaml keeps all
of them, so they are no place for a secret. What is made of them in the service is `ekiben.serving.declare.arguments`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from ekiben.errors import PathNotFound, UsageError
from ekiben.packager.bentofile import grammar
from ekiben.packager.bentofile.document import MAX_DEPTH, read_text, read_yaml
from ekiben.packager.bentofile.envfile import assignments
from ekiben.packager.bentofile.grammar import Refused

MAX_BYTES = 64 * 1024  # as JSON they travel in one variable of a process's environment: Linux takes 128 KiB
_LARGEST_NUMBER = 2**63  # beyond it readers of JSON and YAML differ


def checked_arguments(values: Mapping[str, object] | Mapping[object, object]) -> dict[str, object]:
    """`values` by name, in the order of their names. Raises Refused for what JSON has no form for, and credentials."""
    checked = {_name(name): _value(value, f"`{name}`", MAX_DEPTH) for name, value in values.items()}
    size_bytes = len(json.dumps(checked).encode())
    if size_bytes > MAX_BYTES:
        raise Refused(
            f"hold {size_bytes:,} bytes, and {MAX_BYTES:,} is the most", "put what is large into a file of the project"
        )
    return dict(sorted(checked.items()))


def given_arguments(values: Mapping[str, object]) -> dict[str, object]:
    """The same for what a caller gives. Raises UsageError."""
    try:
        return checked_arguments(values)
    except Refused as error:
        raise UsageError(f"the arguments: {error.message}", hint=error.hint) from error


def arguments_of(file: Path | None, pairs: Mapping[str, str]) -> dict[str, object]:
    """What a command line says: those of `file` under `pairs`. Raises as `read_argument_file` does."""
    return {**(read_argument_file(file) if file else {}), **given_arguments(pairs)}


def read_argument_file(path: Path) -> dict[str, object]:
    """The arguments in a file: `.json` a JSON object, `.env` lines of `NAME=value`, any other a YAML mapping.

    Raises PathNotFound, BentofileError for text that cannot be read as such, UsageError for what is no arguments.
    """
    if not path.is_file():
        raise PathNotFound(f"the file of arguments `{path}` does not exist")
    try:
        return checked_arguments(_content(path))
    except Refused as error:
        raise UsageError(f"`{path}`: {error.message}", hint=error.hint) from error


def _content(path: Path) -> Mapping[str, object] | Mapping[object, object]:
    if path.suffix == ".env" or path.name.startswith(".env"):
        return dict(assignments(read_text(path).splitlines(), f"`{path.name}`"))
    data = _json(path) if path.suffix == ".json" else read_yaml(path).data
    if not isinstance(data, Mapping):
        raise Refused("holds no arguments by name", "write a mapping of names to values")
    return data


def _json(path: Path) -> object:
    try:
        found: object = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise Refused(f"is no JSON: {error}") from error
    return found


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise Refused(f"`{name}` is no name of an argument", "use letters, digits, `_` and `-`")
    return grammar.argument_name(name)


def _value(value: object, where: str, depth: int) -> object:
    if depth == 0:
        raise Refused(f"{where} has more than {MAX_DEPTH} levels")
    match value:
        case None | bool():
            return value
        case int() if abs(value) < _LARGEST_NUMBER:
            return value
        case str():
            return _text(value, where)
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [_value(one, f"{where}[{index}]", depth - 1) for index, one in enumerate(value)]
        case Mapping() if all(isinstance(key, str) for key in value):
            return {_text(key, where): _value(one, f"{where}.{key}", depth - 1) for key, one in value.items()}
        case _:
            hint = "values are text, numbers, truth values, lists, and mappings with text for keys"
            raise Refused(f"{where} is of type `{type(value).__name__}`, which no argument can be", hint)


def _text(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(f"{where} holds half of a surrogate pair, which is no character") from error
    try:
        return grammar.no_credentials(text)
    except Refused as error:
        raise Refused(f"{where} {error.message}", error.hint) from error
