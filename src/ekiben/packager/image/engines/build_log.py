"""BuildKit's plain progress, line by line: which step began, and the last words of the one that failed.

A line is `#7 ...`: the first of a step names it (`#7 [base 2/3] RUN ...`), later ones are its output (`#7 1.234 text`),
its end (`#7 DONE 0.3s`, `#7 CACHED`) or `#7 ERROR: ...`. Docker 20.10 also names the step's digest: passed over.
"""

from __future__ import annotations

import re
import textwrap
from collections import deque

_STEP = re.compile(r"#(?P<number>\d+) (?P<text>.*)")
_OUTPUT = re.compile(r"\d+\.\d+ (?P<text>.*)")
_HEADLINE = re.compile(r"\[.+\] .+")
_MOUNTS = re.compile(r"--mount=\S+\s+")
_WIDTH = 100  # characters of a headline, which repeats the whole instruction
_REMEMBERED = 50  # lines of output that are kept of each step


class BuildLog:
    """Fed every line in turn. Says which are worth showing and, after a failure, what the failed step said."""

    def __init__(self) -> None:
        self._output: dict[str, deque[str]] = {}
        self._failed: str | None = None
        self._last: deque[str] = deque(maxlen=_REMEMBERED)

    def feed(self, line: str) -> str | None:
        """The headline of the step that `line` begins; None for every other line."""
        if line.strip():
            self._last.append(line)
        found = _STEP.fullmatch(line)
        if found is None:
            return None
        number, text = found["number"], found["text"]
        is_new = number not in self._output
        output = self._output.setdefault(number, deque(maxlen=_REMEMBERED))
        if said := _OUTPUT.fullmatch(text):
            output.append(said["text"])
        elif text.startswith("ERROR"):
            self._failed = number
            output.append(text)
        if is_new and _HEADLINE.fullmatch(text):
            return textwrap.shorten(_MOUNTS.sub("", text), _WIDTH, placeholder=" ...")
        return None

    def last_words(self) -> list[str]:
        """What the failed step said, its error last; the end of everything where no step failed by itself."""
        return list(self._output.get(self._failed or "") or self._last)
