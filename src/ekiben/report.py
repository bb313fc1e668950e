"""`Reporter`: how the library talks while it works.

Only `cli/` knows a terminal; here are the interface, a silent one, one that logs, one that names what it talks of, and
how a program's last words are printed.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from ekiben.errors import EkibenError

logger = logging.getLogger("ekiben")

BYTES = "bytes"  # what most tasks count; others name their things in the plural: `modules`


class Task(Protocol):
    """One long piece of work under way."""

    def advance(self, amount: int) -> None:
        """`amount` more of the total is done, as often as is handy: who shows it thins it out."""


class Reporter(Protocol):
    """Talk for people: never data, never on stdout."""

    def info(self, message: str) -> None:
        """Something done or decided that the user wants to know."""

    def warn(self, message: str, hint: str | None = None) -> None:
        """Something that will surprise the user later."""

    def output(self, line: str) -> None:
        """One line of another program's output, passed on while it runs."""

    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> AbstractContextManager[Task]:
        """Opens a piece of work that takes a while; `advance` counts `unit`, and so does `total`, if it is known."""


class _NoTask:
    def advance(self, amount: int) -> None:
        """Says nothing."""


class SilentReporter:
    """Says nothing: for library calls that return their result."""

    def info(self, message: str) -> None:
        """Says nothing."""

    def warn(self, message: str, hint: str | None = None) -> None:
        """Says nothing."""

    def output(self, line: str) -> None:
        """Says nothing."""

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        """Says nothing."""
        yield _NoTask()


class NamedReporter:
    """Says of what the talk is: `name` stands before each line that another reporter is given."""

    def __init__(self, reporter: Reporter, name: str) -> None:
        self._reporter = reporter
        self._name = name

    def info(self, message: str) -> None:
        """The message behind the name."""
        self._reporter.info(f"{self._name}: {message}")

    def warn(self, message: str, hint: str | None = None) -> None:
        """The message behind the name."""
        self._reporter.warn(f"{self._name}: {message}", hint)

    def output(self, line: str) -> None:
        """The line as it is: another program's."""
        self._reporter.output(line)

    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> AbstractContextManager[Task]:
        """The work behind the name."""
        return self._reporter.task(f"{self._name}: {name}", total, unit)


class LoggingReporter(SilentReporter):
    """Talks through the standard logger `ekiben`: the default of Python callers, who set logging up themselves."""

    def info(self, message: str) -> None:
        """One INFO record."""
        logger.info(message)

    def warn(self, message: str, hint: str | None = None) -> None:
        """One WARNING record, with its hint."""
        logger.warning("%s (%s)", message, hint) if hint else logger.warning(message)

    def output(self, line: str) -> None:
        """One DEBUG record."""
        logger.debug(line)


def print_error(error: EkibenError) -> None:
    """Message and hint on stderr, a line each: how a program of ours ends."""
    print(f"error: {printable(str(error))}", file=sys.stderr)
    if error.hint:
        print(f"hint: {printable(error.hint)}", file=sys.stderr)


def printable(text: str, keep: str = "\n\t") -> str:
    """`text` with every character escaped that a terminal does not show as itself, but those of `keep`: what a message
    or a table quotes may be anybody's."""
    return "".join(one if one.isprintable() or one in keep else one.encode("unicode_escape").decode() for one in text)
