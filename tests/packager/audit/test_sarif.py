"""The SARIF of an audit keeps to the parts of the specification (SARIF 2.1.0, OASIS) that it uses."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote

from ekiben.digest import Digest
from ekiben.packager.audit.allowances import Allowance, sort_findings
from ekiben.packager.audit.codes import CODES, DANGEROUS_PICKLE, NOTEBOOK, PICKLE, SECRET
from ekiben.packager.audit.finding import Finding
from ekiben.packager.audit.report import AuditReport
from ekiben.packager.audit.sarif import sarif
from ekiben.tag import Tag

FINDINGS = (
    Finding(SECRET, "a message", "src/a b#c?é.py", 3),
    Finding(DANGEROUS_PICKLE, "another", "models/iris/1/m.pkl", subject="os.system"),
    Finding(NOTEBOOK, "a third", "src/n.ipynb"),
    Finding(PICKLE, "a fourth", "models/iris/1/m.pkl"),
)
REPORT = AuditReport(
    Tag("box", "1"), Digest.of_bytes(b""), (), (), sort_findings(FINDINGS, [Allowance("EKB010", "shown to customers")])
)


def results() -> dict[str, dict[str, object]]:
    """The results by rule."""
    (run,) = json.loads(json.dumps(sarif(REPORT)))["runs"]
    return {one["ruleId"]: one for one in run["results"]}


def test_the_log_has_its_version_schema_and_tool() -> None:
    log = json.loads(json.dumps(sarif(REPORT)))
    assert (log["version"], log.keys()) == ("2.1.0", {"$schema", "version", "runs"})
    driver = log["runs"][0]["tool"]["driver"]
    assert driver["name"] == "ekiben"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", driver["semanticVersion"])  # 3.19.12


def test_every_code_is_a_rule_and_results_point_to_theirs() -> None:
    (run,) = json.loads(json.dumps(sarif(REPORT)))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == list(CODES)
    assert all(one["shortDescription"]["text"] and one["help"]["text"] for one in rules)
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])  # 3.27.6


def test_levels_and_kinds_go_together() -> None:
    found = results()
    shown = {rule: (one["kind"], one["level"]) for rule, one in found.items()}
    assert shown == {
        "EKB001": ("fail", "error"),
        "EKB050": ("fail", "error"),
        "EKB010": ("fail", "note"),
        "EKB055": ("informational", "none"),  # 3.27.10: none where the kind is not fail
    }


def test_places_are_relative_uris_with_their_line() -> None:
    location = results()["EKB001"]["locations"][0]["physicalLocation"]  # type: ignore[index]
    uri = location["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~/%-]+", uri)
    assert unquote(uri) == "src/a b#c?é.py"
    assert location["region"] == {"startLine": 3}
    assert "region" not in results()["EKB010"]["locations"][0]["physicalLocation"]  # type: ignore[index]


def test_what_is_allowed_is_suppressed_with_its_reason() -> None:
    found = results()
    assert found["EKB010"]["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "shown to customers"}
    ]
    assert "suppressions" not in found["EKB001"]


def test_a_fingerprint_stays_when_the_line_moves() -> None:
    moved = AuditReport(
        Tag("box", "2"),
        Digest.of_bytes(b"x"),
        (),
        (),
        sort_findings([Finding(SECRET, "a message", "src/a b#c?é.py", 9)], []),
    )
    (run,) = json.loads(json.dumps(sarif(moved)))["runs"]
    assert run["results"][0]["partialFingerprints"] == results()["EKB001"]["partialFingerprints"]
