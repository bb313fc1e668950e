"""The reporters of the command line. All talk goes to stderr: rich on a terminal, plain lines elsewhere, JSON for
programs.

How far a task is, how fast and how often that is said is `pace`'s to decide; `bars` draws it on a terminal.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ekiben.cli.pace import Pace, Standing, amount_text, duration_text, progress_text
from ekiben.errors import EkibenError, Interrupted
from ekiben.report import BYTES, Reporter, SilentReporter, Task

if TYPE_CHECKING:
    from rich.console import Console

_LINE_EVERY_S = 5.0  # a plain log gets a progress line this often, not one a percent
_EVENT_EVERY_S = 0.25  # and a program, for each task


def make_reporter(verbosity: str, progress: str, stream: TextIO | None = None) -> Reporter:
    """The reporter for `verbosity` (quiet, normal, verbose) and `progress` (auto, plain, quiet, json)."""
    stream = sys.stderr if stream is None else stream
    if progress == "json":
        return JsonReporter(stream)
    if progress == "auto" and verbosity != "quiet" and stream.isatty():
        return TerminalReporter()
    return PlainReporter(stream, says_info=verbosity != "quiet" and progress != "quiet")


def _write_line(stream: TextIO, text: str) -> None:
    """At once, so that lines of several threads do not mix."""
    stream.write(f"{text}\n")
    stream.flush()


class PlainReporter(SilentReporter):
    """One line per event, for logs and pipes."""

    def __init__(self, stream: TextIO, *, says_info: bool) -> None:
        self._stream = stream
        self._says_info = says_info

    def info(self, message: str) -> None:
        """A line, unless quiet."""
        if self._says_info:
            _write_line(self._stream, message)

    def warn(self, message: str, hint: str | None = None) -> None:
        """A line marked as a warning, and its hint."""
        hint_line = f"\nhint: {hint}" if hint else ""
        _write_line(self._stream, f"warning: {message}{hint_line}")

    def output(self, line: str) -> None:
        """The other program's line as it is, unless quiet."""
        if self._says_info:
            _write_line(self._stream, line)

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        """A line now and then with how far it is, and one at the end of a task that took so long."""
        task = _PlainTask(self, name, Pace(total, unit, every_s=_LINE_EVERY_S, now_s=time.monotonic()))
        yield task
        task.end()


class _PlainTask:
    def __init__(self, reporter: PlainReporter, name: str, pace: Pace) -> None:
        self._reporter = reporter
        self._name = name
        self._pace = pace
        self._lock = threading.Lock()
        self._began_s = time.monotonic()
        self._has_spoken = False

    def advance(self, amount: int) -> None:
        """Counts, and says how far it is once in a while."""
        now_s = time.monotonic()
        with self._lock:
            if self._pace.advance(amount, now_s):
                self._has_spoken = True
                self._reporter.info(f"{self._name}: {progress_text(self._pace.standing(now_s))}")

    def end(self) -> None:
        """Says that it is done, if it has said that it was not."""
        if self._has_spoken:
            now_s = time.monotonic()
            took = duration_text(now_s - self._began_s)
            self._reporter.info(f"{self._name}: {amount_text(self._pace.standing(now_s))} in {took}")


class JsonReporter(SilentReporter):
    """One JSON object per line, for programs that watch. docs/cli.md lists the events and their fields."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def info(self, message: str) -> None:
        """`{"event": "info", ...}`."""
        self._event("info", message=message)

    def warn(self, message: str, hint: str | None = None) -> None:
        """`{"event": "warning", ...}`."""
        self._event("warning", message=message, hint=hint)

    def output(self, line: str) -> None:
        """`{"event": "output", ...}`."""
        self._event("output", line=line)

    def failure(self, error: EkibenError) -> None:
        """`{"event": "error"|"interrupted", ...}`: the last line of a command."""
        event = "interrupted" if isinstance(error, Interrupted) else "error"
        self._event(event, message=error.message, hint=error.hint, exit_code=error.exit_code)

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        """`{"event": "start"|"progress"|"end"|"stopped", ...}`."""
        task = _JsonTask(self, name, Pace(total, unit, every_s=_EVENT_EVERY_S, now_s=time.monotonic()))
        task.say("start")
        try:
            yield task
        except BaseException:
            task.end("stopped")
            raise
        task.end("end")

    def tell(self, event: str, name: str, standing: Standing) -> None:
        """How far a task is."""
        self._event(
            event,
            task=name,
            done=standing.done,
            total=standing.total,
            unit=standing.unit,
            rate=None if standing.rate is None else round(standing.rate, 1),
            remaining_s=None if standing.remaining_s is None else round(standing.remaining_s, 1),
        )

    def _event(self, event: str, **fields: object) -> None:
        _write_line(self._stream, json.dumps({"event": event, **fields}))


class _JsonTask:
    def __init__(self, reporter: JsonReporter, name: str, pace: Pace) -> None:
        self._reporter = reporter
        self._name = name
        self._pace = pace
        self._lock = threading.Lock()
        self._is_told = True  # whether all that was counted was said

    def advance(self, amount: int) -> None:
        """Counts, and makes an event of it a few times a second."""
        with self._lock:
            self._is_told = False
            if self._pace.advance(amount, time.monotonic()):
                self.say("progress")

    def say(self, event: str) -> None:
        """One event."""
        self._is_told = True
        self._reporter.tell(event, self._name, self._pace.standing(time.monotonic()))

    def end(self, event: str) -> None:
        """The last progress, whenever it was, and how it ended."""
        with self._lock:
            if not self._is_told:
                self.say("progress")
            self.say(event)


class TerminalReporter(SilentReporter):
    """Colours and progress bars, on a terminal only."""

    def __init__(self) -> None:
        from rich.console import Console

        from ekiben.cli.bars import Bars

        self._console: Console = Console(stderr=True, highlight=False)
        self._bars = Bars(self._console)

    def info(self, message: str) -> None:
        """A line."""
        self._console.print(message, markup=False, soft_wrap=True)

    def warn(self, message: str, hint: str | None = None) -> None:
        """A line in yellow, and its hint."""
        self._console.print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)
        if hint:
            self._console.print(f"hint: {hint}", style="dim", markup=False, soft_wrap=True)

    def output(self, line: str) -> None:
        """The other program's line, dimmed."""
        self._console.print(line, style="dim", markup=False, soft_wrap=True)

    @contextmanager
    def task(self, name: str, total: int | None = None, unit: str = BYTES) -> Iterator[Task]:
        """A bar that goes away when the work is done; those of tasks at once stand below each other."""
        with self._bars.bar(name, total, unit) as bar:
            yield bar
