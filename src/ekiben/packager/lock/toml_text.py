"""TOML as our locks are written: one shape for one content, readable in a diff. Reading is `tomllib`'s."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

_INDENT = "    "


def toml_value(value: object) -> str:
    """A string, a number, a truth value, or a mapping of these on one line without its Nones."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Mapping():
            entries = (f"{key} = {toml_value(one)}" for key, one in value.items() if one is not None)
            return "{ " + ", ".join(entries) + " }"
        case _:  # a JSON string is a basic string of TOML, but for DEL, which has to be escaped here
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_entries(mapping: Mapping[str, object]) -> list[str]:
    """`key = value` lines; a None is left out, a list or tuple has a line for each value."""
    lines: list[str] = []
    for key, value in mapping.items():
        if isinstance(value, list | tuple):
            lines += _array(key, value)
        elif value is not None:
            lines.append(f"{key} = {toml_value(value)}")
    return lines


def toml_table(header: str, mapping: Mapping[str, object]) -> list[str]:
    """An empty line, the header (`[base]`, `[[locks]]`) and its entries."""
    return ["", header, *toml_entries(mapping)]


def toml_text(lines: Iterable[str]) -> str:
    """The lines as a file."""
    return "".join(f"{line}\n" for line in lines)


def _array(key: str, values: Iterable[object]) -> list[str]:
    items = [f"{_INDENT}{toml_value(one)}," for one in values]
    return [f"{key} = [", *items, "]"] if items else [f"{key} = []"]
