"""`NAME=value` lines, as in a `.env` file or a list under `docker.env`. Nothing is expanded or run."""

from __future__ import annotations

from collections.abc import Iterable

from ekiben.packager.bentofile.grammar import Refused


def assignments(lines: Iterable[object], where: str) -> dict[str, str]:
    """The variables that `lines` set; the last of two wins, as in a shell.

    Blank lines and those that start with `#` are skipped, `export` before a name and one pair of quotes around a value
    are taken off. A line of any other shape is refused by its number, without repeating it (it may be a secret).
    """
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not isinstance(line, str):
            raise Refused(f"has no `NAME=value` as item {number} of {where}")
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, separator, value = text.removeprefix("export ").partition("=")
        if not separator:
            raise Refused(f"has no `NAME=value` as item {number} of {where}")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value
