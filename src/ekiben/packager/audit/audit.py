"""`audit_bento`: what is in a Bento, and what about it should worry somebody.

Nothing of the Bento is run, imported or unpickled. The findings are the same on every machine: no clock, no network, no
tool that may or may not be installed has a say in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ekiben.packager.audit.allowances import read_allowances, sort_findings
from ekiben.packager.audit.codes import Severity
from ekiben.packager.audit.contents import check_contents
from ekiben.packager.audit.evidence import Evidence, gather_evidence
from ekiben.packager.audit.finding import Finding
from ekiben.packager.audit.formats import check_formats
from ekiben.packager.audit.image import check_image
from ekiben.packager.audit.kept import check_kept
from ekiben.packager.audit.models import check_models
from ekiben.packager.audit.packages import check_packages
from ekiben.packager.audit.pickled import search_pickles
from ekiben.packager.audit.report import AuditReport
from ekiben.report import Reporter
from ekiben.store.bentos import Bento
from ekiben.store.disk import disk_errors
from ekiben.store.models import ModelShelf

QUICK_CHECKS: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    check_kept,
    check_packages,
    check_image,
    check_models,
    check_formats,
)
_ORDER = list(Severity)


def audit_bento(bento: Bento, models: ModelShelf, reporter: Reporter) -> AuditReport:
    """Audits `bento` and the models that it names.

    Raises BentoNotFound, DamagedItem where bento.yaml cannot be read, StoreError where the disk refuses.
    """
    evidence = gather_evidence(bento, models)
    findings = [finding for check in QUICK_CHECKS for finding in check(evidence)]
    total = 2 * sum(file.size_bytes for file in evidence.all_files)
    with disk_errors(bento.path), reporter.task("auditing", total) as task:
        findings += check_contents(evidence, task.advance)
        pickles = tuple(search_pickles(evidence, task.advance))
    findings += (finding for pickled in pickles for finding in pickled.findings)
    findings.sort(key=lambda one: (_ORDER.index(one.severity), one.code.id, one.path, one.line or 0, one.subject or ""))
    allowances = read_allowances(evidence.manifest.audit)
    return AuditReport(
        tag=bento.tag,
        digest=bento.digest,
        files=evidence.all_files,
        pickles=pickles,
        sorted=sort_findings(findings, allowances),
    )
