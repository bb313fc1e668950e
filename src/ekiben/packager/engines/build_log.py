"""BuildKit's plain progress, read line by line: which step began, and the last words of one that failed. Pure but for its state.

A line is `#7 ...`: the first of a step names it (`#7 [base 2/3] RUN ...`), later ones are its output (`#7 1.234 text`),
its end (`#7 DONE 0.3s`, `#7 CACHED`) or `#7 ERROR: ...`. Docker 20.10 also names the step's digest; it is passed over.
"""

from __future__ import annotations

import re
import textwrap
from collections import deque

_STEP = re.compile(r"#(?P<number>\d+) (?P<text>.*)")
_TIMED = re.compile(r"\d+\.\d+ (?P<text>.*)")
_STAGE = re.compile(r"\[(?P<name>.+)\] .*")
_REMEMBERED = 30  # lines of output kept per build, for the message of a failure
_WIDTH = 100  # characters of a headline: an instruction with its mounts has hundreds
_SHOWN = 8  # of them, in the message


class BuildLog:
    """Fed every line; says which are worth showing, and what went wrong."""

    def __init__(self) -> None:
        self._output: dict[str, deque[str]] = {}
        self._failed: str | None = None
        self._last: deque[str] = deque(maxlen=_REMEMBERED)

    def feed(self, line: str) -> str | None:
        """The headline of the step that `line` begins, None for every other line."""
        if line.strip():
            self._last.append(line)
        found = _STEP.fullmatch(line)
        if found is None:
            return None
        number, text = found["number"], found["text"]
        is_new = number not in self._output
        output = self._output.setdefault(number, deque(maxlen=_REMEMBERED))
        if timed := _TIMED.fullmatch(text):
            output.append(timed["text"])
        if text.startswith("ERROR"):
            self._failed = number
            output.append(text)
        return textwrap.shorten(text, _WIDTH, placeholder=" ...") if is_new and _STAGE.fullmatch(text) else None

    def complaint(self, marker: str) -> str | None:
        """What a line of output says after `marker`, where one does: the Containerfile's own words."""
        lines = self._output.get(self._failed or "", self._last)
        return next((line.partition(marker)[2] for line in lines if line.startswith(marker)), None)

    def failure(self) -> str:
        """The last lines of the step that failed, or of everything where no step did."""
        lines = self._output.get(self._failed or "") or self._last
        return "\n".join(list(lines)[-_SHOWN:])
