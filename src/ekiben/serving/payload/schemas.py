"""JSON Schemas put together: the definitions that types bring along, in one place and never two under one name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias, cast

JsonSchema: TypeAlias = dict[str, object]

DEFINITIONS = "$defs"
LOCAL = f"#/{DEFINITIONS}/"  # what every codec's schema refers with


def gather_definitions(schema: JsonSchema, gathered: JsonSchema, owner: str, prefix: str = LOCAL) -> JsonSchema:
    """The schema without its `$defs`, which are added to `gathered` and referred to under `prefix`.

    A definition whose name is taken by a different one is called `<owner>_<name>` there.
    """
    definitions = cast(Mapping[str, object], schema.get(DEFINITIONS, {}))
    plain = {name: f"{prefix}{name}" for name in definitions}
    names = {
        name: name if gathered.get(name, moved) == moved else f"{owner}_{name}"
        for name, moved in ((name, _refer(one, plain)) for name, one in definitions.items())
    }
    references = {name: f"{prefix}{new}" for name, new in names.items()}
    for name, definition in definitions.items():
        gathered[names[name]] = _refer(definition, references)
    rest = {key: value for key, value in schema.items() if key != DEFINITIONS}
    return cast(JsonSchema, _refer(rest, references))


def _refer(schema: object, references: Mapping[str, str]) -> object:
    """The schema with its local references replaced."""
    if isinstance(schema, list):
        return [_refer(one, references) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: references[value.removeprefix(LOCAL)]
        if key == "$ref" and isinstance(value, str) and value.startswith(LOCAL)
        else _refer(value, references)
        for key, value in schema.items()
    }
