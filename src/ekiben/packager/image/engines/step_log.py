"""What podman and buildah say while they build: which step began, and the last words of the one that failed.

A step begins with `STEP 2/4: RUN ...`, behind `[3/6]` where there are several stages; what follows is its output until
the next one begins. A failure ends in `Error: ...`, which repeats the whole instruction.
"""

from __future__ import annotations

import re
import textwrap
from collections import deque

_STEP = re.compile(r"(?P<stage>\[\d+/\d+\] )?STEP (?P<number>\d+/\d+): (?P<text>.*)")
_MOUNTS = re.compile(r"--mount=\S+\s+")
_NOISE = ("subprocess exited with status", "--> ")
_WIDTH = 100  # characters of a headline
_REMEMBERED = 50  # lines of output of the step at hand


class StepLog:
    """Fed every line in turn. Says which are worth showing and, after a failure, what the failed step said."""

    def __init__(self) -> None:
        self._output: deque[str] = deque(maxlen=_REMEMBERED)

    def feed(self, line: str) -> str | None:
        """The headline of the step that `line` begins; None for every other line."""
        if found := _STEP.fullmatch(line):
            self._output.clear()
            text = f"{found['stage'] or ''}STEP {found['number']}: {_MOUNTS.sub('', found['text'])}"
            return textwrap.shorten(text, _WIDTH, placeholder=" ...")
        if line.strip() and not line.startswith(_NOISE):
            self._output.append(line)
        return None

    def last_words(self) -> list[str]:
        """What the last step said, its error last."""
        return list(self._output)
