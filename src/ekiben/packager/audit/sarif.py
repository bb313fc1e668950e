"""An audit as SARIF 2.1.0 (OASIS), which code hosts and security tools read.

Each code is a rule, each finding a result at a path relative to the Bento; what is allowed is a suppressed result with
its reason; information is a result of kind `informational`, whose level has to be `none` (3.27.9, 3.27.10).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from urllib.parse import quote

import ekiben
from ekiben.packager.audit.allowances import Allowed
from ekiben.packager.audit.codes import CODES, Code, Severity
from ekiben.packager.audit.finding import Finding
from ekiben.packager.audit.report import AuditReport

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "BENTO"
_LEVELS = {Severity.high: "error", Severity.medium: "warning", Severity.low: "note", Severity.info: "none"}
_SCORES = {Severity.high: "8.0", Severity.medium: "5.0", Severity.low: "2.0", Severity.info: "0.0"}  # as of CVSS


def sarif(report: AuditReport) -> dict[str, object]:
    """The log of one run."""
    driver = {
        "name": "ekiben",
        "semanticVersion": ekiben.__version__,
        "rules": [_rule(code) for code in CODES.values()],
    }
    results = [_result(one, None) for one in report.sorted.open]
    results += [_result(one.finding, one) for one in report.sorted.allowed]
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"ekiben-audit/{report.tag.name}"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": f"the Bento {report.tag}, {report.digest}"}}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(code: Code) -> dict[str, object]:
    return {
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": code.title},
        "help": {"text": code.remedy},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
        "properties": {"security-severity": _SCORES[code.severity]},
    }


def _result(finding: Finding, allowed: Allowed | None) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": _uri(finding.path), "uriBaseId": _ROOT}}
    if finding.line is not None:
        place["region"] = {"startLine": finding.line}
    result: dict[str, object] = {
        "ruleId": finding.code.id,
        "ruleIndex": list(CODES).index(finding.code.id),
        "kind": "informational" if finding.severity is Severity.info else "fail",
        "level": _LEVELS[finding.severity],
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place, **_subject(finding)}],
        "partialFingerprints": {"ekibenFinding/v1": _fingerprint(finding)},
    }
    if allowed is not None:
        reason = allowed.allowance.reason
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    return result


def _subject(finding: Finding) -> Mapping[str, object]:
    return {} if finding.subject is None else {"logicalLocations": [{"fullyQualifiedName": finding.subject}]}


def _fingerprint(finding: Finding) -> str:
    """The same for the same finding in another version of the Bento, wherever its line has moved."""
    parts = (finding.code.id, finding.path, finding.subject or "", finding.message)
    return hashlib.sha256("\0".join(parts).encode(errors="surrogateescape")).hexdigest()


def _uri(path: str) -> str:
    return quote(os.fsencode(path))
