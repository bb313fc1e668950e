"""`WWW-Authenticate`: how a registry says what it wants to be told (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?:\s+|\s*(?=,|$))")
_PARAMETER = re.compile(rf"[\s,]*({_TOKEN})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|({_TOKEN}))\s*(?=,|$)")
_TOKEN68 = re.compile(r"[A-Za-z0-9._~+/-]+=*\s*(?=,|$)")
_ESCAPED = re.compile(r"\\(.)")
_MAX_LENGTH = 16 * 1024  # characters: no challenge is longer, and patterns stay quick


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to prove oneself: the scheme in lower case, the parameters by their names in lower case."""

    scheme: str
    parameters: Mapping[str, str]


def parse_challenges(header: str) -> list[Challenge]:
    """The challenges of one header, in order; what cannot be read ends the list."""
    found: list[Challenge] = []
    header, at = header[:_MAX_LENGTH], 0
    while scheme := _SCHEME.match(header, at):
        at = scheme.end()
        parameters: dict[str, str] = {}
        if not _PARAMETER.match(header, at) and (token68 := _TOKEN68.match(header, at)):
            at = token68.end()
        while parameter := _PARAMETER.match(header, at):
            name, quoted, bare = parameter.groups()
            parameters.setdefault(name.lower(), _ESCAPED.sub(r"\1", quoted) if quoted is not None else bare)
            at = parameter.end()
        found.append(Challenge(scheme[1].lower(), parameters))
    return found
