"""`run_build`: the command of a build, run to its end, with what is worth showing passed on and its failure raised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ekiben.packager.image.engines.engine import BuildJob
from ekiben.packager.image.engines.failures import build_failure
from ekiben.packager.image.engines.streaming import run_streaming
from ekiben.report import Reporter


class Log(Protocol):
    """Makes sense of what a program says while it builds."""

    def feed(self, line: str) -> str | None:
        """The headline of the step that `line` begins; None for every other line."""

    def last_words(self) -> list[str]:
        """After a failure, what the failed step said, its error last."""


def run_build(
    arguments: Sequence[str], job: BuildJob, environ: Mapping[str, str], log: Log, reporter: Reporter
) -> None:
    """Runs `arguments` in the folder that holds the job's context. Raises EngineFailed where the build fails."""

    def pass_on(line: str) -> None:
        headline = log.feed(line)
        shown = {"auto": headline, "quiet": None}.get(job.progress, line)
        if shown is not None:
            reporter.output(shown)

    if run_streaming(arguments, job.context.parent, environ, pass_on) != 0:
        raise build_failure(log.last_words())
