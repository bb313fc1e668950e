"""Progress bars on a terminal: those of all tasks under way, each with amount, rate and remaining time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskID, TextColumn
from rich.progress import Task as RichTask
from rich.table import Column
from rich.text import Text

from ekiben.cli.pace import Pace, amount_text, rate_text, remaining_text

_EVERY_S = 0.1  # rich draws ten times a second
_BAR_COLUMNS = 20
_FIGURES_COLUMNS = 60  # `512.0 MiB of 1.2 GiB (41 %)  110.0 MiB/s  1 min 35 s left`
_LEAST_NAME_COLUMNS = 16
_WIDE_COLUMNS = 100  # from here on there is room for a bar


class Bars:
    """A terminal has one place for them: they stand below each other, and go away with their tasks."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._shown: Progress | None = None

    @contextmanager
    def bar(self, name: str, total: int | None, unit: str) -> Iterator[Bar]:
        """One for the block."""
        with self._lock:
            if self._shown is None:
                self._shown = Progress(*_columns(self._console.width), console=self._console, transient=True)
                self._shown.start()
            shown = self._shown
            pace = Pace(total, unit, every_s=_EVERY_S, now_s=time.monotonic())
            drawn = shown.add_task(name, total=total, pace=pace)
        try:
            yield Bar(shown, drawn, pace)
        finally:
            with self._lock:
                shown.remove_task(drawn)
                if not shown.task_ids:
                    shown.stop()
                    self._shown = None


class Bar:
    """One task's; several threads may move it."""

    def __init__(self, shown: Progress, drawn: TaskID, pace: Pace) -> None:
        self._shown = shown
        self._drawn = drawn
        self._pace = pace
        self._lock = threading.Lock()

    def advance(self, amount: int) -> None:
        """Moves it, as often as a terminal is drawn."""
        now_s = time.monotonic()
        with self._lock:
            if self._pace.advance(amount, now_s):
                self._shown.update(self._drawn, completed=self._pace.standing(now_s).done)


class _Told(ProgressColumn):
    """Words about how far a task is; none of them wraps."""

    def __init__(self) -> None:
        super().__init__(Column(no_wrap=True))

    def render(self, task: RichTask) -> Text:
        """What is known now: of a task that stands still the rate falls."""
        pace = task.fields["pace"]
        assert isinstance(pace, Pace)
        standing = pace.standing(time.monotonic())
        parts = (amount_text(standing), rate_text(standing), remaining_text(standing))
        return Text("  ".join(part for part in parts if part), style="dim")


def _columns(width: int) -> tuple[ProgressColumn, ...]:
    """Name, bar and figures; of a narrow terminal the figures get the most, and the bar nothing."""
    bars = (BarColumn(bar_width=_BAR_COLUMNS),) if width >= _WIDE_COLUMNS else ()
    left = width - _FIGURES_COLUMNS - (_BAR_COLUMNS + 1 if bars else 0)
    column = Column(no_wrap=True, overflow="ellipsis", max_width=max(_LEAST_NAME_COLUMNS, left))
    return (TextColumn("{task.description}", markup=False, table_column=column), *bars, _Told())
