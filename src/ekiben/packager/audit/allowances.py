"""What a project allows of what an audit finds, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ekiben.packager.audit.finding import Finding
from ekiben.packager.selection.rules import rule_of
from ekiben.packager.selection.wildmatch import NotAPattern, parse_pattern


@dataclass(frozen=True, slots=True)
class Allowance:
    """Findings of `code` are allowed because of `reason`. `path`, a pattern as in .gitignore, narrows it to those whose
    file or subject (package, variable, callable) it matches."""

    code: str
    reason: str
    path: str | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether this allows `finding`."""
        if finding.code.id != self.code:
            return False
        if self.path is None:
            return True
        return any(rule_of(one, (self.path,), ()) for one in (finding.path, finding.subject) if one)

    def to_dict(self) -> dict[str, str]:
        """As in the bentofile."""
        narrowed = {} if self.path is None else {"path": self.path}
        return {"code": self.code, "reason": self.reason, **narrowed}


@dataclass(frozen=True, slots=True)
class Allowed:
    """A finding, and the allowance that covers it."""

    finding: Finding
    allowance: Allowance


@dataclass(frozen=True, slots=True)
class Sorted:
    """`unused` are the allowances that cover nothing."""

    open: tuple[Finding, ...]
    allowed: tuple[Allowed, ...]
    unused: tuple[Allowance, ...]


def sort_findings(findings: Iterable[Finding], allowances: Sequence[Allowance]) -> Sorted:
    """Each finding under the first allowance that covers it, or open."""
    still_open, allowed = [], []
    covering: set[Allowance] = set()
    for finding in findings:
        covers = [one for one in allowances if one.covers(finding)]
        covering.update(covers)
        if covers:
            allowed.append(Allowed(finding, covers[0]))
        else:
            still_open.append(finding)
    return Sorted(tuple(still_open), tuple(allowed), tuple(one for one in allowances if one not in covering))


def is_pattern(text: str) -> bool:
    """Whether `text` is a pattern that can match something by itself."""
    try:
        pattern = parse_pattern(text)
    except NotAPattern:
        return False
    return pattern is not None and not pattern.is_negated


def read_allowances(audit: Mapping[str, object]) -> tuple[Allowance, ...]:
    """The allowances in bento.yaml's `audit`. One that is not whole (a code, a reason) allows nothing."""
    rows = audit.get("allow")
    if not isinstance(rows, list):
        return ()
    return tuple(one for one in map(_allowance, rows) if one is not None)


def _allowance(row: object) -> Allowance | None:
    fields = row if isinstance(row, dict) else {}
    code, reason, path = fields.get("code"), fields.get("reason"), fields.get("path")
    if not isinstance(code, str) or not isinstance(reason, str) or not reason.strip():
        return None
    if path is None:
        return Allowance(code, reason)
    return Allowance(code, reason, path) if isinstance(path, str) and is_pattern(path) else None
