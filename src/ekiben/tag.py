"""`Tag`: the `name:version` by which models and Bentos are called.

A name is one OCI path component of at most 63 characters, a version an OCI tag in lower case. `latest` is no version
but a question, so `Tag.parse("iris")` and `Tag.parse("iris:latest")` are the same tag, with `version` None.
Source: the OCI distribution specification, "Pulling manifests"; docker-registry 2.8 for what real servers refuse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ekiben.errors import InvalidTag

LATEST = "latest"
MAX_NAME = 63
_NAME = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_VERSION = re.compile(r"[a-z0-9_][a-z0-9._-]{0,127}")


@dataclass(frozen=True, slots=True, order=True)
class Tag:
    """`name:version`, or the last version of `name` where `version` is None. One that exists is well formed."""

    name: str
    version: str | None = None

    def __post_init__(self) -> None:
        _check("name", self.name, _NAME, MAX_NAME)
        if self.version == LATEST:
            object.__setattr__(self, "version", None)
        if self.version is not None:
            _check("version", self.version, _VERSION, 128)

    @classmethod
    def parse(cls, text: str | Tag) -> Tag:
        """The tag that `text` spells: `name`, `name:latest` or `name:version` (which may be a prefix of a version)."""
        if isinstance(text, Tag):
            return text
        if not isinstance(text, str):
            raise InvalidTag(f"`{text!r}` is no tag", hint="write `name` or `name:version`")
        name, separator, version = text.partition(":")
        if separator and not version:
            raise InvalidTag(f"`{text}` has a colon and no version", hint="write `name` or `name:version`")
        return cls(name, version or None)

    @property
    def is_exact(self) -> bool:
        """Whether a version is named."""
        return self.version is not None

    def with_version(self, version: str) -> Tag:
        """The same name at `version`."""
        return Tag(self.name, version)

    def __str__(self) -> str:
        return f"{self.name}:{self.version or LATEST}"


def is_name(text: str) -> bool:
    """Whether `text` is the name of a tag."""
    return len(text) <= MAX_NAME and _NAME.fullmatch(text) is not None


def is_version(text: str) -> bool:
    """Whether `text` is a version, which `latest` is not."""
    return text != LATEST and _VERSION.fullmatch(text) is not None


def _check(what: str, text: str, grammar: re.Pattern[str], limit: int) -> None:
    if len(text) <= limit and grammar.fullmatch(text):
        return
    hint = "use lower-case letters and digits, joined by single `.`, `_` or by `-`"
    if len(text) > limit:
        hint = f"at most {limit} characters"
    elif grammar.fullmatch(text.lower()):
        hint = f"lower case is asked for: `{text.lower()}`"
    raise InvalidTag(f"`{text}` is no {what} of a model or Bento", hint=hint)
