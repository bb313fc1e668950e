"""What the pickles in a Bento's source and models import, and what of it is a finding."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from ekiben.packager.audit.codes import (
    BROKEN_PICKLE,
    CODE_IN_PICKLE,
    DANGEROUS_PICKLE,
    NOT_SEARCHED,
    PICKLE,
    UNKNOWN_PICKLE,
)
from ekiben.packager.audit.evidence import Evidence
from ekiben.packager.audit.finding import Finding, printable
from ekiben.packager.audit.inventory import AuditedFile, Kind
from ekiben.packager.audit.pickles.files import search_file
from ekiben.packager.audit.pickles.findings import Pickle, Trouble
from ekiben.packager.audit.pickles.judging import Verdict, judge
from ekiben.packager.audit.pickles.values import Global

_SEARCHED = (Kind.source, Kind.models, Kind.wheels, Kind.other)
_MOST = 50  # callables of one file that have a finding each
_SHOWN = 8  # callables in one message
_TROUBLES = {
    Trouble.broken: BROKEN_PICKLE,
    Trouble.limit: NOT_SEARCHED,
    Trouble.unresolved: DANGEROUS_PICKLE,
    Trouble.patched: DANGEROUS_PICKLE,
    Trouble.two_ways: DANGEROUS_PICKLE,
}
_VERDICTS = {
    Verdict.dangerous: (DANGEROUS_PICKLE, "which runs or reaches code that no model needs"),
    Verdict.code: (CODE_IN_PICKLE, "which makes code of what the pickle holds"),
    Verdict.unknown: (UNKNOWN_PICKLE, "which is on no allow-list"),
}


@dataclass(frozen=True, slots=True)
class PickledFile:
    """A file with pickles in it; `imports` are all that they look up, each with what it means, the worst first."""

    path: str
    imports: tuple[tuple[Global, Verdict], ...]
    findings: tuple[Finding, ...]


def search_pickles(evidence: Evidence, advance: Callable[[int], None]) -> Iterator[PickledFile]:
    """Each file that holds a pickle, or what could be one; `advance` is told the bytes done."""
    own = evidence.own_modules
    for file in evidence.of_kind(*_SEARCHED):
        found = _of_file(file, own)
        if found is not None:
            yield found
        advance(file.size_bytes)


def _of_file(file: AuditedFile, own: Collection[str]) -> PickledFile | None:
    try:
        pickles = search_file(file.place)
    except OSError:
        words = "could not be searched for pickles: the disk does not give it"
        return PickledFile(file.path, (), (Finding(NOT_SEARCHED, f"`{printable(file.path)}` {words}", file.path),))
    if not pickles:
        return None
    names = {one: None for pickle in pickles for one in (*pickle.imports, *pickle.reached)}
    imports = sorted(((one, judge(one, own)) for one in names), key=lambda row: (-row[1], row[0]))
    return PickledFile(file.path, tuple(imports), tuple(_findings(file, pickles, imports)))


def _findings(
    file: AuditedFile, pickles: Sequence[Pickle], imports: Sequence[tuple[Global, Verdict]]
) -> Iterator[Finding]:
    path = printable(file.path)
    judged = [(found, *_VERDICTS[verdict]) for found, verdict in imports if verdict in _VERDICTS]
    for found, code, words in judged[:_MOST]:
        where = _where(next(one for one in pickles if found in one.imports or found in one.reached))
        message = f"`{path}`: {where}it imports `{printable(str(found))}`, {words}"
        yield Finding(code, message, file.path, subject=str(found))
    if judged[_MOST:]:
        words = f"imports {len(judged) - _MOST} more callables that are on no allow-list"
        yield Finding(judged[_MOST][1], f"`{path}` {words}", file.path)
    troubles = {
        (_TROUBLES[one.trouble], _where(pickle) + printable(one.detail))
        for pickle in pickles
        for one in pickle.problems
    }
    for code, detail in sorted(troubles, key=lambda one: (one[0].id, one[1]))[:_MOST]:
        yield Finding(code, f"`{path}`: {detail}", file.path)
    if imports or not troubles:
        yield Finding(
            PICKLE, f"`{path}` is a pickle, or holds one; {_listed([found for found, _ in imports])}", file.path
        )


def _listed(imports: list[Global]) -> str:
    names = ", ".join(f"`{printable(str(one))}`" for one in imports[:_SHOWN])
    more = f" and {len(imports) - _SHOWN} more" if len(imports) > _SHOWN else ""
    return f"it imports {names}{more}" if imports else "it imports nothing"


def _where(pickle: Pickle) -> str:
    return f"in {printable(' / '.join(pickle.within))}, " if pickle.within else ""
