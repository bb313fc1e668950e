"""What pydantic found wrong, in words and with the place in the file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ekiben.errors import BentofileError
from ekiben.nearest import did_you_mean
from ekiben.packager.bentofile.document import Document, Place, Route, dotted
from ekiben.packager.bentofile.schema import CUSTOM

# pydantic's types of errors -> what is asked for
_EXPECTED = {
    "string_type": "text",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
}
_NULLS = ("null", "Null", "NULL", "~")
# Keys whose shape is easily taken for another -> how one item is written
_SHAPES = {
    "envs": "- {name: NAME, value: VALUE}",
    "models": "- {tag: NAME, alias: OTHER}",
    "indexes": "- {name: NAME, url: URL}",
    "allow": "- {code: CODE, reason: WHY}",
    "labels": "NAME: VALUE",
}


def first_error(error: ValidationError, document: Document) -> BentofileError:
    """The error that stands first in the file."""
    placed = [_placed(details, document) for details in error.errors()]
    return min(placed, key=lambda one: (one.line or 0, one.column or 0))


def _placed(details: ErrorDetails, document: Document) -> BentofileError:
    route: Route = tuple(step for step in details["loc"] if step != "[key]")
    context: Mapping[str, object] = details.get("ctx", {})
    if details["type"] == CUSTOM:
        key, hint = context.get("key"), context.get("hint")
        message = str(context["message"])
        if key is not None:
            route = (*route, str(key))
            message = message if len(route) == 1 else f"{message}, under `{dotted(route[:-1])}`"
            return document.error(message, route, is_key=True, hint=str(hint) if hint else None)
        return document.error(f"`{dotted(route)}` {message}", route, hint=str(hint) if hint else None)
    name = f"`{dotted(route)}`" if route else "the file"
    place = document.values.get(route)
    return document.error(f"{name} {_wrong_type(details, context, place)}", route, hint=_remedy(details, route, place))


def _remedy(details: ErrorDetails, route: Route, place: Place | None) -> str | None:
    match details["type"]:
        case "string_type":
            return _quote_hint(route, place)
        case "literal_error":
            return _nearest_choice(details)
        case "list_type" | "dict_type" | "model_type" as kind:
            return _shape_hint(route, place if kind == "list_type" else None)
        case _:
            return None


def _wrong_type(details: ErrorDetails, context: Mapping[str, object], place: Place | None) -> str:
    if details["type"] == "missing":
        return "is missing"
    if details["type"] == "literal_error":
        return f"is {_word(details['input'])}, and asks for one of {context['expected']}".replace("'", "`")
    found = _described(details["input"], place)
    return f"is {found}, and asks for {_EXPECTED.get(details['type'], 'something else')}"


def _nearest_choice(details: ErrorDetails) -> str | None:
    if not isinstance(details["input"], str):
        return None
    return did_you_mean(details["input"], re.findall(r"'([^']*)'", str(details.get("ctx", {})["expected"])))


def _shape_hint(route: Route, place: Place | None) -> str | None:
    """How an item of the key is written; for `place`, a text where a list should be, that text as a list."""
    key = next((step for step in reversed(route) if isinstance(step, str)), "")
    if key in _SHAPES:
        return f"an item of it is written `{_SHAPES[key]}`"
    if place is None or not place.text or "\n" in place.text:
        return None
    return f'write {key}: ["{place.text}"]'


def _word(value: object) -> str:
    """A value that should have been one of a few words; another text is not repeated (it may be a secret)."""
    return f"`{value}`" if isinstance(value, str) and re.fullmatch(r"[\w.-]{1,40}", value) else "something else"


def _described(value: object, place: Place | None) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return f"`{place.text if place and place.text else str(value).lower()}`, a truth value"
        case int() | float():
            return f"`{place.text if place and place.text else value}`, a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case _:
            return f"a {type(value).__name__}"


def _quote_hint(route: Route, place: Place | None) -> str | None:
    if place is None or place.text is None or "\n" in place.text:
        return None
    key = f"{route[-1]}: " if route and isinstance(route[-1], str) else "- "
    return f'quote it: {key}"{"" if place.text in _NULLS else place.text}"'
