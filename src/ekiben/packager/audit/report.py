"""`AuditReport`: the result of an audit, and its form as JSON (docs/audit.md has it key by key)."""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.digest import Digest
from ekiben.packager.audit.allowances import Allowance, Allowed, Sorted
from ekiben.packager.audit.codes import Severity
from ekiben.packager.audit.finding import Finding
from ekiben.packager.audit.inventory import AuditedFile, totals
from ekiben.packager.audit.pickled import PickledFile
from ekiben.tag import Tag

FORMAT = 1  # of the JSON: raised when a key gets another meaning or goes away


@dataclass(frozen=True, slots=True)
class AuditReport:
    """`files` are the Bento's and its models', `pickles` those among them that hold any."""

    tag: Tag
    digest: Digest
    files: tuple[AuditedFile, ...]
    pickles: tuple[PickledFile, ...]
    sorted: Sorted

    @property
    def fails(self) -> bool:
        """Whether a strict audit fails: something open that is more than information."""
        return any(finding.fails for finding in self.sorted.open)

    def counts(self) -> dict[Severity, int]:
        """Open findings by severity."""
        return {one: sum(finding.severity is one for finding in self.sorted.open) for one in Severity}

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return {
            "format": FORMAT,
            "tag": str(self.tag),
            "digest": str(self.digest),
            "fails": self.fails,
            "counts": {severity.value: count for severity, count in self.counts().items()},
            "findings": [_finding(one, None) for one in self.sorted.open]
            + [_finding(one.finding, one) for one in self.sorted.allowed],
            "unused_allowances": [_allowance(one) for one in self.sorted.unused],
            "totals": {
                kind.value: {"files": total.files, "size_bytes": total.size_bytes}
                for kind, total in totals(self.files).items()
            },
            "files": [_file(one) for one in self.files],
            "pickles": [_pickle(one) for one in self.pickles],
        }


def _finding(finding: Finding, allowed: Allowed | None) -> dict[str, object]:
    return {
        "code": finding.code.id,
        "name": finding.code.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "subject": finding.subject,
        "remedy": finding.remedy,
        "allowed": None if allowed is None else allowed.allowance.reason,
    }


def _allowance(allowance: Allowance) -> dict[str, object]:
    return {"code": allowance.code, "reason": allowance.reason, "path": allowance.path}


def _file(file: AuditedFile) -> dict[str, object]:
    return {
        "path": file.path,
        "size_bytes": file.size_bytes,
        "kind": file.kind.value,
        "rule": file.rule,
        "is_executable": file.is_executable,
    }


def _pickle(pickled: PickledFile) -> dict[str, object]:
    imports = [
        {"module": found.module, "name": found.name, "verdict": verdict.name} for found, verdict in pickled.imports
    ]
    return {"path": pickled.path, "imports": imports}
