"""From lines to `Intent`: what the project asks for, normalised, so that the same wish is always the same text.

A line that carries a credential, that belongs in the bentofile, or that no wheel can be made of is refused in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ekiben.errors import NotActedOn
from ekiben.packager.credentials import has_credentials, redact
from ekiben.packager.lock.lines import Line, read_lines
from ekiben.packager.lock.origin import OwnWheel
from ekiben.packager.lock.sources import SourceRequirement, parse_source

# No index has ekiben, and BentoML's place is taken by it: the Bento carries the `ekiben-runtime` wheel instead.
REPLACED = frozenset({"ekiben", "ekiben-runtime", "bentoml"})

_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(?P<what>\S.*)")
_HASH_OPTION = re.compile(r"--hash(?:=|\s+)(?P<hash>[a-z0-9]+:[0-9a-f]+)")
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
    """One requirement in normal form: `text` without hashes, and the hashes that its author gave, if any. `pin` is what
    a resolver is asked in place of a text that names a place: the wheel that was made of it, by version."""

    text: str
    name: str
    hashes: tuple[str, ...] = ()
    pin: str = ""

    @property
    def line(self) -> str:
        """What a resolver is asked."""
        return self.pin or self.text


@dataclass(frozen=True, slots=True)
class Intent:
    """What is asked for: requirements and constraints, sorted, each once; `replaced` as they were written. `sources`
    are the requirements of which wheels have to be made first, `editable` the texts of those that asked to be
    editable."""

    requirements: tuple[Wanted, ...]
    constraints: tuple[Wanted, ...]
    replaced: tuple[str, ...] = ()
    sources: tuple[SourceRequirement, ...] = ()
    editable: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """requirements.in: pip's format, one requirement a line. Constraints are told, as comments: they ask for
        nothing."""
        lines = sorted([*map(_written, self.requirements), *(one.text for one in self.sources)])
        lines += [f"# constraint: {_written(one)}" for one in self.constraints]
        return "".join(f"{line}\n" for line in lines)

    def allowed_hashes(self) -> dict[str, frozenset[str]]:
        """For each name whose author gave hashes: those. No other file may be locked for it."""
        allowed: dict[str, frozenset[str]] = {}
        for one in (*self.requirements, *self.constraints):
            if one.hashes:
                allowed[one.name] = allowed.get(one.name, frozenset()) | frozenset(one.hashes)
        return allowed

    def with_wheels(self, wheels: Mapping[SourceRequirement, OwnWheel]) -> Intent:
        """The same with the sources in `wheels` as requirements: called by name, with the hash of their wheel."""
        made = {_wanted_wheel(source, wheel) for source, wheel in wheels.items()}
        rest = tuple(source for source in self.sources if source not in wheels)
        return replace(self, requirements=tuple(sorted({*self.requirements, *made})), sources=rest)


def read_intent(requirements: Iterable[str], project: Path) -> Intent:
    """The intent of these lines (see `read_lines`). Raises LockError for a line that is wrong, NotActedOn for one that
    asks for what this version does not do."""
    wanted: set[Wanted] = set()
    limits: set[Wanted] = set()
    sources: set[SourceRequirement] = set()
    replaced: list[str] = []
    editable: list[str] = []
    for line in read_lines(requirements, project):
        one, is_editable = _parse(line, project)
        if one is None:
            continue
        if is_editable:
            editable.append(one.text)
        if one.name in REPLACED:
            replaced.append(one.text)
        elif isinstance(one, SourceRequirement):
            sources.add(_installed(one, line))
        else:
            (limits if line.is_constraint else wanted).add(one)
    return Intent(
        tuple(sorted(wanted)),
        tuple(sorted(limits)),
        tuple(dict.fromkeys(replaced)),
        tuple(sorted(sources, key=lambda one: one.text)),
        tuple(dict.fromkeys(editable)),
    )


def in_normal_form(requirement: str, project: Path) -> str:
    """A requirement as it may be written into a Bento: what names a place names it from the project. Raises what
    `read_intent` does."""
    for line in read_lines([requirement], project):
        one, is_editable = _parse(line, project)
        if isinstance(one, SourceRequirement):
            return f"-e {one.text}" if is_editable else one.text
    return requirement


def _installed(source: SourceRequirement, line: Line) -> SourceRequirement:
    if line.is_constraint:
        raise line.refuse(f"`{source.text}` is no constraint", "name it among the requirements")
    return source


def _wanted_wheel(source: SourceRequirement, wheel: OwnWheel) -> Wanted:
    pin = f"{_called(wheel.name, source.extras)}=={wheel.version}{_tail(source.marker)}"
    return Wanted(source.called(wheel.name), wheel.name, (wheel.sha256,), pin)


def _parse(line: Line, project: Path) -> tuple[Wanted | SourceRequirement | None, bool]:
    """What the line asks for, and whether as an editable install."""
    if has_credentials(line.text):
        raise line.refuse(
            f"`{redact(line.text)}` carries a credential",
            "take it out: user and password come from netrc, a keyring or pip's configuration",
        )
    if line.text == "--require-hashes":
        return None, False  # a lock of ours always does
    editable = _EDITABLE.fullmatch(line.text)
    if editable:
        where = replace(line, text=editable["what"])
        return parse_source(where, project) or parse_source(replace(line, text=f"./{where.text}"), project), True
    if line.text.startswith("-"):
        raise _refused_option(line)
    requirement, *options = re.split(r"\s+(?=--?[A-Za-z])", line.text)
    source = parse_source(replace(line, text=requirement), project)
    if source and not options:
        return source, False
    parsed = _parse_requirement(line, requirement)
    hashes = [_HASH_OPTION.fullmatch(option) for option in options]
    if not all(hashes):
        raise _not_acted_on(
            line, f"`{line.text}` has an option that is not acted on", "only --hash is, behind a requirement"
        )
    name = canonicalize_name(parsed.name)
    return Wanted(_normal_form(name, parsed), name, tuple(sorted({one["hash"] for one in hashes if one}))), False


def _refused_option(line: Line) -> NotActedOn:
    option = re.split(r"[=\s]", line.text, maxsplit=1)[0]
    key = _BENTOFILE_KEYS.get(option)
    if key:
        hint = f"say it as `python.{key}` in the bentofile: the image needs it too"
        return _not_acted_on(line, f"`{option}` is not read from requirements", hint)
    return _not_acted_on(line, f"the option `{option}` in requirements is not acted on", "take the line out")


def _parse_requirement(line: Line, text: str) -> Requirement:
    try:
        return Requirement(text)
    except InvalidRequirement as error:
        raise line.refuse(f"`{text}` is no requirement: {str(error).splitlines()[0]}") from error


def _normal_form(name: str, parsed: Requirement) -> str:
    marker = str(parsed.marker) if parsed.marker else None
    return f"{_called(name, parsed.extras)}{','.join(sorted(map(str, parsed.specifier)))}{_tail(marker)}"


def _called(name: str, extras: Iterable[str]) -> str:
    return f"{name}[{','.join(sorted(extras))}]" if extras else name


def _tail(marker: str | None) -> str:
    return f" ; {marker}" if marker else ""


def _written(one: Wanted) -> str:
    return " ".join([one.text, *(f"--hash={digest}" for digest in one.hashes)])


def _not_acted_on(line: Line, message: str, hint: str) -> NotActedOn:
    return NotActedOn(f"{line.place}: {message}" if line.place else message, hint=hint)
