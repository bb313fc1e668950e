"""`ekiben audit`: what is in a Bento, and what about it should worry somebody."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from ekiben.cli.options import Progress, TagArgument
from ekiben.cli.output import print_table, size_text
from ekiben.cli.state import state_of

if TYPE_CHECKING:
    from ekiben.packager.audit.finding import Finding
    from ekiben.packager.audit.report import AuditReport
    from ekiben.report import Reporter


class AuditFormat(StrEnum):
    """How an audit is printed."""

    table = "table"
    json = "json"
    sarif = "sarif"


def audit_bento(
    ctx: typer.Context,
    tag: TagArgument,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where there is a finding that is not allowed.")
    ] = False,
    output: Annotated[AuditFormat, typer.Option("--output", "-o", help="How to print.")] = AuditFormat.table,
    progress: Progress = None,
) -> None:
    """Audit a Bento: its files and why they are in it, and what to look at before it is shipped."""
    from ekiben.packager.audit.audit import audit_bento as audit
    from ekiben.packager.audit.sarif import sarif

    state = state_of(ctx)
    state.override(progress=progress)
    report = audit(state.store.bentos.get(tag), state.store.models, state.reporter)
    match output:
        case AuditFormat.json:
            _print_ascii(report.to_dict())
        case AuditFormat.sarif:
            _print_ascii(sarif(report))
        case AuditFormat.table:
            _print_tables(report)
    _tell_unused(report, state.reporter)
    if strict and report.fails:
        raise typer.Exit(1)


def _print_ascii(value: object) -> None:
    """JSON in ASCII: names in it come from files that nobody trusts, and a terminal acts on some characters."""
    print(json.dumps(value, indent=2))


def _print_tables(report: AuditReport) -> None:
    from ekiben.packager.audit.finding import printable
    from ekiben.packager.audit.inventory import totals

    files = [
        (printable(one.path), size_text(one.size_bytes), one.kind.value, printable(one.rule)) for one in report.files
    ]
    print_table(("File", "Size", "Kind", "Let in by"), files)
    print()
    by_kind = totals(report.files).items()
    print_table(
        ("Kind", "Files", "Size"), [(kind.value, str(one.files), size_text(one.size_bytes)) for kind, one in by_kind]
    )
    findings = [(*_columns(one), one.remedy) for one in report.sorted.open]
    allowed = [(*_columns(one.finding), printable(one.allowance.reason)) for one in report.sorted.allowed]
    for title, rows in (("Remedy", findings), ("Allowed because", allowed)):
        if rows:
            print()
            print_table(("Code", "Severity", "Finding", title), rows)
    print()
    print(", ".join(f"{count} {severity.value}" for severity, count in report.counts().items()))


def _columns(finding: Finding) -> tuple[str, str, str]:
    line = f" (line {finding.line})" if finding.line is not None else ""
    return finding.code.id, finding.severity.value, f"{finding.message}{line}"


def _tell_unused(report: AuditReport, reporter: Reporter) -> None:
    for one in report.sorted.unused:
        where = f" for `{one.path}`" if one.path else ""
        reporter.warn(f"`audit.allow` lists {one.code}{where}, which nothing here needs", hint="take it out")
