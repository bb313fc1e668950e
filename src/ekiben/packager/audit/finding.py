"""`Finding`: one thing that an audit found, and where. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from ekiben.packager.audit.codes import Code, Severity
from ekiben.report import printable as escaped


@dataclass(frozen=True, slots=True)
class Finding:
    """`path` is the file's in the Bento (`models/<name>/<version>/...` for a model's), exact, for machines; `subject`
    what in it is meant: a package, a variable, a callable. `advice` takes the place of the code's remedy where that
    does not fit. `message` and `advice` are fit to be shown on a terminal."""

    code: Code
    message: str
    path: str
    line: int | None = None
    subject: str | None = None
    advice: str | None = None

    @property
    def severity(self) -> Severity:
        """The code's."""
        return self.code.severity

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return self.advice or self.code.remedy

    @property
    def fails(self) -> bool:
        """Whether a strict audit fails on it."""
        return self.severity is not Severity.info


def printable(text: str) -> str:
    """`text` without anything that a terminal acts on or that hides what it says: such characters are escaped, and so
    is the backslash, so that no two texts look the same."""
    return escaped(text.replace("\\", "\\\\"), keep="")
