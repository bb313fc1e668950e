"""The reporters of the command line. All talk goes to stderr: rich on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ekiben.report import Reporter, SilentReporter, Task

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

_LINE_EVERY_S = 5.0  # a plain log gets a progress line this often, not one a percent


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
    def task(self, name: str, total: int | None = None) -> Iterator[Task]:
        """A line now and then with how far it is."""
        yield _PlainTask(self, name, total)


class _PlainTask:
    def __init__(self, reporter: PlainReporter, name: str, total: int | None) -> None:
        self._reporter = reporter
        self._name = name
        self._total = total
        self._done = 0
        self._last_s = time.monotonic()

    def advance(self, amount: int) -> None:
        """Counts, and says how far it is once in a while."""
        self._done += amount
        if time.monotonic() - self._last_s >= _LINE_EVERY_S:
            self._last_s = time.monotonic()
            share = f" ({self._done * 100 // self._total} %)" if self._total else ""
            self._reporter.info(f"{self._name}: {self._done}{share}")


class JsonReporter(SilentReporter):
    """One JSON object per line, for programs that watch."""

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

    @contextmanager
    def task(self, name: str, total: int | None = None) -> Iterator[Task]:
        """`{"event": "start"|"progress"|"end", ...}`."""
        self._event("start", task=name, total=total)
        yield _JsonTask(self, name)
        self._event("end", task=name)

    def _event(self, event: str, **fields: object) -> None:
        _write_line(self._stream, json.dumps({"event": event, **fields}))

    def progress(self, name: str, done: int) -> None:
        """How far a task is."""
        self._event("progress", task=name, done=done)


class _JsonTask:
    def __init__(self, reporter: JsonReporter, name: str) -> None:
        self._reporter = reporter
        self._name = name
        self._done = 0

    def advance(self, amount: int) -> None:
        """One event per step."""
        self._done += amount
        self._reporter.progress(self._name, self._done)


class TerminalReporter(SilentReporter):
    """Colours and progress bars, on a terminal only."""

    def __init__(self) -> None:
        from rich.console import Console

        self._console: Console = Console(stderr=True, highlight=False)
        self._lock = threading.Lock()
        self._bars: Progress | None = None  # those of all tasks under way: a terminal has one place for them

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
    def task(self, name: str, total: int | None = None) -> Iterator[Task]:
        """A bar that goes away when the work is done; those of tasks at once stand below each other."""
        from rich.progress import Progress

        with self._lock:
            if self._bars is None:
                self._bars = Progress(console=self._console, transient=True)
                self._bars.start()
            bars = self._bars
            bar = bars.add_task(name, total=total)
        try:
            yield _Bar(bars, bar)
        finally:
            with self._lock:
                bars.remove_task(bar)
                if not bars.task_ids:
                    bars.stop()
                    self._bars = None


class _Bar:
    def __init__(self, bars: Progress, bar: TaskID) -> None:
        self._bars = bars
        self._bar = bar

    def advance(self, amount: int) -> None:
        """Moves the bar."""
        self._bars.advance(self._bar, amount)
