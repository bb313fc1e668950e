"""A resolver as a child process: bounded in time, ended with all its own children, leaving no files behind."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ekiben.errors import LockError
from ekiben.packager.child_process import child_process

_GRACE_S = 2.0  # from SIGTERM to SIGKILL: both tools end within milliseconds, a compiler that they started may not


@dataclass(frozen=True, slots=True)
class Finished:
    """How a child ended: its exit status and what it said on stderr."""

    status: int
    said: str


def run_child(command: Sequence[str], *, cwd: Path, environ: Mapping[str, str], timeout_s: float) -> Finished:
    """Runs `command` in `cwd` with its temporary files there too.

    Whatever stops us (Ctrl-C, an error, the time limit: LockError) ends it and the builds it started.
    """
    return run_children([command], cwd=cwd, environ=environ, timeout_s=timeout_s)[0]


def run_children(
    commands: Iterable[Sequence[str]], *, cwd: Path, environ: Mapping[str, str], timeout_s: float
) -> list[Finished]:
    """The same for several at once, which share the time."""
    scratch = cwd / "tmp"
    scratch.mkdir(exist_ok=True)
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        children = [
            stack.enter_context(
                child_process(
                    command,
                    cwd=cwd,
                    environ={**environ, "TMPDIR": str(scratch)},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    grace_s=_GRACE_S,
                )
            )
            for command in commands
        ]
        try:
            said = [child.communicate(timeout=max(0.0, deadline - time.monotonic()))[1] for child in children]
        except subprocess.TimeoutExpired as error:
            raise LockError(
                f"locking did not end within {timeout_s:.0f} s",
                hint="an index may not answer, or too much has to be built",
            ) from error
    return [Finished(child.returncode, words) for child, words in zip(children, said, strict=True)]
