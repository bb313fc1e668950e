"""A resolver as a child process: bounded in time, ended with all its own children, leaving no files behind."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
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
    scratch = cwd / "tmp"
    scratch.mkdir(exist_ok=True)
    with child_process(
        command,
        cwd=cwd,
        environ={**environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        grace_s=_GRACE_S,
    ) as child:
        try:
            _, said = child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            raise LockError(
                f"locking did not end within {timeout_s:.0f} s",
                hint="an index may not answer, or too much has to be built",
            ) from error
    return Finished(child.returncode, said)
