"""JSON objects of the OCI specifications: read from strangers, written in one canonical form.

What is read is bounded, has one meaning, and fits the types that `Fields` is asked for; a null is an absent field, as
in Go. What is written has sorted keys and no whitespace, so that the same document is the same bytes everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from ekiben.errors import ImageError

MAX_BYTES = 4 * 1024 * 1024  # what registries have to take for a manifest (OCI distribution-spec, pushing manifests)


def canonical(content: Mapping[str, object] | list[object]) -> bytes:
    """`content` in UTF-8 with sorted keys, no whitespace and no line at its end."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def present(**fields: object) -> dict[str, object]:
    """The fields that say something: those that are no None, empty text or empty collection."""
    return {name: value for name, value in fields.items() if value or (value == 0 and value is not False)}


class Fields:
    """A JSON object whose fields are taken one by one, each with its type; `rest` is what nobody took.

    `what` names the object in errors. All methods raise ImageError for a value of another type.
    """

    def __init__(self, content: object, what: str) -> None:
        if not isinstance(content, dict):
            raise ImageError(f"{what} is no JSON object")
        self._left: dict[str, object] = {name: value for name, value in content.items() if value is not None}
        self._what = what

    @classmethod
    def parse(cls, content: bytes, what: str) -> Fields:
        """The object that `content` spells. Raises ImageError for what is no JSON, ambiguous, or over MAX_BYTES."""
        return cls(_parse(content, what), what)

    @classmethod
    def parse_list(cls, content: bytes, what: str) -> list[Fields]:
        """The list of objects that `content` spells; else as `parse`."""
        parsed = _parse(content, what)
        if not isinstance(parsed, list):
            raise ImageError(f"{what} is no JSON list")
        return [cls(one, f"`[{place}]` of {what}") for place, one in enumerate(parsed)]

    def text(self, name: str) -> str:
        """A text, empty where the field is absent."""
        value = self._left.pop(name, "")
        return value if isinstance(value, str) else self._refuse(name, "no text")

    def needed_text(self, name: str) -> str:
        """A text that has to be there."""
        return self.text(name) or self._refuse(name, "missing")

    def number(self, name: str) -> int | None:
        """A whole number from 0 on, None where the field is absent."""
        value = self._left.pop(name, None)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            self._refuse(name, "no whole number from 0 on")
        return value

    def needed_number(self, name: str) -> int:
        """A whole number from 0 on that has to be there."""
        value = self.number(name)
        return self._refuse(name, "missing") if value is None else value

    def flag(self, name: str) -> bool:
        """True or false, false where the field is absent."""
        value = self._left.pop(name, False)
        return value if isinstance(value, bool) else self._refuse(name, "neither true nor false")

    def items(self, name: str) -> list[object]:
        """A list, empty where the field is absent."""
        value = self._left.pop(name, [])
        return value if isinstance(value, list) else self._refuse(name, "no list")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty where the field is absent."""
        values = self.items(name)
        texts = tuple(value for value in values if isinstance(value, str))
        return texts if len(texts) == len(values) else self._refuse(name, "no list of texts")

    def command(self, name: str) -> tuple[str, ...] | None:
        """A list of texts, None where the field is absent or the list empty."""
        return self.texts(name) or None

    def names(self, name: str) -> frozenset[str]:
        """The keys of an object that stands for a set (in Go `map[string]struct{}`)."""
        return frozenset(self._object(name))

    def mapping(self, name: str) -> dict[str, str]:
        """An object from text to text, empty where the field is absent."""
        values = self._object(name)
        texts = {key: value for key, value in values.items() if isinstance(value, str)}
        return texts if len(texts) == len(values) else self._refuse(name, "no mapping of texts")

    def fields(self, name: str) -> Fields | None:
        """An object of its own, None where the field is absent."""
        value = self._left.pop(name, None)
        return None if value is None else Fields(value, f"`{name}` of {self._what}")

    def listed(self, name: str) -> list[Fields]:
        """A list of objects, empty where the field is absent."""
        return [Fields(value, f"`{name}[{place}]` of {self._what}") for place, value in enumerate(self.items(name))]

    def rest(self) -> dict[str, object]:
        """Every field that was not taken."""
        return dict(self._left)

    def error(self, why: str, hint: str | None = None) -> ImageError:
        """What to raise about the object as a whole."""
        return ImageError(f"{self._what} {why}", hint=hint)

    def _object(self, name: str) -> dict[str, object]:
        value = self._left.pop(name, {})
        return value if isinstance(value, dict) else self._refuse(name, "no object")

    def _refuse(self, name: str, why: str) -> NoReturn:
        raise ImageError(f"`{name}` of {self._what} is {why}")


def _parse(content: bytes, what: str) -> object:
    if len(content) > MAX_BYTES:
        raise ImageError(f"{what} is larger than {MAX_BYTES} bytes")
    try:
        parsed: object = json.loads(content.decode(), object_pairs_hook=_with_unique_names, parse_constant=_no_number)
        json.dumps(parsed, ensure_ascii=False).encode()  # half of a surrogate pair can be read, and not be written
    except (ValueError, RecursionError) as error:  # UnicodeError and JSONDecodeError are ValueErrors
        raise ImageError(f"{what} is no JSON: {error}") from error
    return parsed


def _with_unique_names(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"`{text}` is no number")
