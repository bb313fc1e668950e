"""From lines to `Intent`: what the project asks for, normalised, so that the same wish is always the same text.

A line that a hash cannot cover, that carries a credential, or that belongs in the bentofile is refused in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ekiben.errors import NotActedOn
from ekiben.packager.credentials import has_credentials, redact
from ekiben.packager.lock.lines import Line, read_lines

# No index has ekiben, and BentoML's place is taken by it: the Bento carries the `ekiben-runtime` wheel instead.
REPLACED = frozenset({"ekiben", "ekiben-runtime", "bentoml"})

_HASH_OPTION = re.compile(r"--hash(?:=|\s+)(?P<hash>[a-z0-9]+:[0-9a-f]+)")
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2")
# Option of a requirements file -> the key of the bentofile's `python` block that says the same to lock and image alike.
_BENTOFILE_KEYS = {
    "-i": "index_url",
    "--index-url": "index_url",
    "--extra-index-url": "extra_index_url",
    "-f": "find_links",
    "--find-links": "find_links",
    "--no-index": "no_index",
    "--trusted-host": "trusted_host",
}


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """One requirement in normal form: `text` without hashes, and the hashes that its author gave, if any."""

    text: str
    name: str
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """What is asked for: requirements and constraints, sorted, each once; `replaced` as they were written."""

    requirements: tuple[Wanted, ...]
    constraints: tuple[Wanted, ...]
    replaced: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """requirements.in: pip's format, one requirement a line. Constraints are told, as comments: they ask for
        nothing."""
        lines = [_written(one) for one in self.requirements]
        lines += [f"# constraint: {_written(one)}" for one in self.constraints]
        return "".join(f"{line}\n" for line in lines)

    def allowed_hashes(self) -> dict[str, frozenset[str]]:
        """For each name whose author gave hashes: those. No other file may be locked for it."""
        allowed: dict[str, frozenset[str]] = {}
        for one in (*self.requirements, *self.constraints):
            if one.hashes:
                allowed[one.name] = allowed.get(one.name, frozenset()) | frozenset(one.hashes)
        return allowed


def read_intent(requirements: Iterable[str], project: Path) -> Intent:
    """The intent of these lines (see `read_lines`). Raises LockError for a line that is wrong, NotActedOn for one that
    asks for what this version does not do."""
    wanted: set[Wanted] = set()
    limits: set[Wanted] = set()
    replaced: list[str] = []
    for line in read_lines(requirements, project):
        one = _parse(line)
        if one is None:
            continue
        if one.name in REPLACED:
            replaced.append(one.text)
        else:
            (limits if line.is_constraint else wanted).add(one)
    return Intent(tuple(sorted(wanted)), tuple(sorted(limits)), tuple(dict.fromkeys(replaced)))


def _parse(line: Line) -> Wanted | None:
    if has_credentials(line.text):
        raise line.refuse(
            f"`{redact(line.text)}` carries a credential",
            "take it out: user and password come from netrc, a keyring or pip's configuration",
        )
    if line.text == "--require-hashes":
        return None  # a lock of ours always does
    if line.text.startswith("-"):
        raise _refused_option(line)
    requirement, *options = re.split(r"\s+(?=--?[A-Za-z])", line.text)
    parsed = _parse_requirement(line, requirement)
    hashes = [_HASH_OPTION.fullmatch(option) for option in options]
    if not all(hashes):
        raise _not_acted_on(
            line, f"`{line.text}` has an option that is not acted on", "only --hash is, behind a requirement"
        )
    name = canonicalize_name(parsed.name)
    return Wanted(_normal_form(name, parsed), name, tuple(sorted({one["hash"] for one in hashes if one})))


def _refused_option(line: Line) -> NotActedOn:
    option = re.split(r"[=\s]", line.text, maxsplit=1)[0]
    if option in ("-e", "--editable"):
        return _no_hash(line)
    key = _BENTOFILE_KEYS.get(option)
    if key:
        hint = f"say it as `python.{key}` in the bentofile: the image needs it too"
        return _not_acted_on(line, f"`{option}` is not read from requirements", hint)
    return _not_acted_on(line, f"the option `{option}` in requirements is not acted on", "take the line out")


def _parse_requirement(line: Line, text: str) -> Requirement:
    if text.endswith(_ARCHIVES):  # `x-1.0-py3-none-any.whl` would be a well-formed name
        raise _no_hash(line)
    try:
        parsed = Requirement(text)
    except InvalidRequirement as error:
        if "://" in text or text.startswith((".", "/", "~")):
            raise _no_hash(line) from error
        raise line.refuse(f"`{text}` is no requirement: {str(error).splitlines()[0]}") from error
    if parsed.url:
        raise _no_hash(line)
    return parsed


def _normal_form(name: str, parsed: Requirement) -> str:
    extras = f"[{','.join(sorted(parsed.extras))}]" if parsed.extras else ""
    marker = f" ; {parsed.marker}" if parsed.marker else ""
    return f"{name}{extras}{','.join(sorted(map(str, parsed.specifier)))}{marker}"


def _written(one: Wanted) -> str:
    return " ".join([one.text, *(f"--hash={digest}" for digest in one.hashes)])


def _no_hash(line: Line) -> NotActedOn:
    return _not_acted_on(
        line,
        f"`{redact(line.text)}` is a URL, a version-control or a local requirement, which cannot be locked by hash yet",
        "build a wheel of it, name its folder in `python.find_links`, and require it by name and version",
    )


def _not_acted_on(line: Line, message: str, hint: str) -> NotActedOn:
    return NotActedOn(f"{line.place}: {message}" if line.place else message, hint=hint)
